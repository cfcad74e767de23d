# Short names for the commands one types here; each is one line that works without `just`, too.

# What there is
_default:
    @just --list

# Everything in one process, to try it: the service, its neighbours, sample data
demo *flags:
    cargo run -- demo {{flags}}

# The service, configured by order-service.toml and the environment
serve *flags:
    cargo run --release -- serve {{flags}}

# The three neighbours on 5002, 5003 and 5005, with faults to inject
sandbox *flags:
    cargo run -- sandbox {{flags}}

# Bring the database up to date
migrate *flags:
    cargo run -- migrate {{flags}}

# Every test, with PostgreSQL; words choose some: `just test --test it refusals`
test *words:
    scripts/test {{words}}

# Break the code on purpose, and see that the simulation notices; words choose some
mutants *words:
    scripts/mutants {{words}}

# Against the same checkout without a saga: `just bench --quick`; also `recovery`, `scale`, `memory`
bench *flags:
    cargo bench --bench compare -- {{flags}}

# What a decision and a log record cost, in nanoseconds
bench-pure *flags:
    cargo bench --bench pure -- {{flags}}

# Format every file
fmt:
    cargo fmt --all

# What the linter says
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Compare the dependencies with deny.toml: licences, sources, advisories
deny:
    scripts/deny

# What a change must pass
ci:
    .ci/run
