# Short names for the usual commands; each recipe is one line that also works without `just`.

# List the recipes
_default:
    @just --list

# Run everything in one process, to try it: the service, its neighbours, sample data
demo *flags:
    cargo run -- demo {{flags}}

# Run the service, configured by order-service.toml and the environment
serve *flags:
    cargo run --release -- serve {{flags}}

# Run the three neighbours on 5002, 5003 and 5005, with faults to inject
sandbox *flags:
    cargo run -- sandbox {{flags}}

# Bring the database up to date
migrate *flags:
    cargo run -- migrate {{flags}}

# Run every test, with PostgreSQL; words choose some: `just test --test it refusals`
test *words:
    scripts/test {{words}}

# Break the code on purpose, and check that the simulation notices; words choose some mutants
mutants *words:
    scripts/mutants {{words}}

# Compare with the same checkout without a saga: `just bench --quick`; also `recovery`, `scale`, `memory`, `sinks`, `backlog`, `desk`, `import`, `forgetting`
bench *flags:
    cargo bench --bench compare -- {{flags}}

# Measure what a decision and a log record cost, in nanoseconds
bench-pure *flags:
    cargo bench --bench pure -- {{flags}}

# Build the image, use it and stop it: `just image --help`
image *flags:
    scripts/image {{flags}}

# Format every file
fmt:
    cargo fmt --all

# Run the linter
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Compare the dependencies with deny.toml: licences, sources, advisories
deny:
    scripts/deny

# Run everything that a change must pass
ci:
    .ci/run
