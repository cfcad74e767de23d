CREATE FUNCTION public.audit_entry_stays() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TABLE public.audit_entry (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    who text NOT NULL,
    role text NOT NULL,
    via text NOT NULL,
    action text NOT NULL,
    target text,
    reason text,
    result text NOT NULL,
    seq bigint,
    hash text
);
CREATE TABLE public.audit_head (
    id integer NOT NULL,
    entries bigint NOT NULL,
    hash text NOT NULL
);
CREATE TABLE public.books_audit (
    id integer NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    differences bigint NOT NULL
);
CREATE TABLE public.bulk_item (
    bulk_id uuid NOT NULL,
    place bigint NOT NULL,
    saga_id uuid NOT NULL,
    version bigint NOT NULL,
    expected bigint NOT NULL,
    will text,
    cause text,
    result text NOT NULL,
    did text,
    error text,
    at timestamp with time zone,
    then_state text,
    then_attempts bigint,
    halts boolean DEFAULT false NOT NULL
);
CREATE TABLE public.bulk_run (
    id uuid NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    reason text NOT NULL,
    acting_reason text NOT NULL,
    plan text NOT NULL,
    items bigint NOT NULL,
    money bigint NOT NULL,
    preview text NOT NULL,
    state text NOT NULL,
    halted_by text,
    owner uuid,
    leased_until timestamp with time zone,
    fence bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone NOT NULL,
    audited_who text,
    role text
);
CREATE TABLE public.console_session (
    id text NOT NULL,
    seal text NOT NULL,
    who text NOT NULL,
    role text NOT NULL,
    until timestamp with time zone NOT NULL,
    notice text
);
CREATE TABLE public.event_cursor (
    name text NOT NULL,
    "position" bigint NOT NULL,
    owner uuid,
    fence bigint NOT NULL,
    leased_until timestamp with time zone,
    failing_since timestamp with time zone,
    last_error text
);
CREATE TABLE public.executor (
    id uuid NOT NULL,
    name text NOT NULL,
    process text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    heartbeat_at timestamp with time zone NOT NULL,
    lease_ms bigint NOT NULL,
    dead boolean NOT NULL,
    circuits json
);
CREATE TABLE public.mails (
    event_id uuid NOT NULL,
    order_id uuid NOT NULL,
    user_id uuid,
    kind text NOT NULL,
    payload json,
    created_at timestamp with time zone NOT NULL,
    "position" bigint NOT NULL,
    state text NOT NULL,
    due_at timestamp with time zone,
    fence bigint DEFAULT 0 NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    why text,
    address text,
    noted_at timestamp with time zone
);
CREATE TABLE public.order_items (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    line integer NOT NULL,
    product_id uuid NOT NULL,
    quantity integer NOT NULL,
    unit_price bigint NOT NULL
);
CREATE TABLE public.orders (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    total_amount bigint NOT NULL,
    status text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    profile_id uuid,
    shipping_address json,
    cancelled_at timestamp with time zone,
    shipped_at timestamp with time zone,
    delivered_at timestamp with time zone
);
CREATE TABLE public.outbox (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    kind text NOT NULL,
    payload json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    published_at timestamp with time zone,
    user_id uuid,
    version integer,
    status text,
    trace_parent text,
    "position" bigint
);
CREATE TABLE public.owed_answer (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    reply_to text NOT NULL,
    correlation_id text,
    trace_parent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    taken_until timestamp with time zone
);
CREATE TABLE public.pending_answer (
    order_id uuid NOT NULL,
    at timestamp with time zone NOT NULL
);
CREATE TABLE public.return_lines (
    return_id uuid NOT NULL,
    line integer NOT NULL,
    product_id uuid NOT NULL,
    quantity integer NOT NULL,
    amount bigint NOT NULL
);
CREATE TABLE public.returns (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    refunded bigint NOT NULL,
    reason text,
    restock boolean NOT NULL,
    created_at timestamp with time zone NOT NULL,
    returned_at timestamp with time zone
);
CREATE TABLE public.saga_instance (
    id uuid NOT NULL,
    kind text NOT NULL,
    definition_version integer NOT NULL,
    state text NOT NULL,
    stuck_kind text,
    stuck json,
    user_id uuid NOT NULL,
    total_amount bigint,
    context json NOT NULL,
    idempotency_key text,
    fingerprint text NOT NULL,
    attempts integer NOT NULL,
    next_attempt_at timestamp with time zone,
    failing_since timestamp with time zone,
    last_error text,
    deadline_at timestamp with time zone NOT NULL,
    owner uuid,
    fence bigint NOT NULL,
    revision bigint NOT NULL,
    trace_parent text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    at_risk boolean DEFAULT false NOT NULL,
    joined_by text,
    held json,
    order_id uuid,
    cancel_request json,
    version bigint
);
CREATE TABLE public.saga_note (
    id uuid NOT NULL,
    saga_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    who text NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.saga_tally (
    writer uuid NOT NULL,
    state text NOT NULL,
    sagas bigint NOT NULL
);
CREATE TABLE public.saga_trouble (
    saga_id uuid NOT NULL,
    kind text NOT NULL,
    stuck text,
    step text NOT NULL,
    error text,
    group_id text,
    money bigint NOT NULL,
    pieces bigint NOT NULL,
    steps text NOT NULL,
    neighbours text NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.seaql_migrations (
    version character varying NOT NULL,
    applied_at bigint NOT NULL
);
CREATE TABLE public.shipment_events (
    id uuid NOT NULL,
    shipment_id uuid NOT NULL,
    identity text NOT NULL,
    status text NOT NULL,
    at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    location text,
    description text
);
CREATE TABLE public.shipment_lines (
    shipment_id uuid NOT NULL,
    line integer NOT NULL,
    quantity integer NOT NULL
);
CREATE TABLE public.shipments (
    id uuid NOT NULL,
    order_id uuid NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    tracking_url text,
    state text NOT NULL,
    shipped_at timestamp with time zone NOT NULL,
    estimated_delivery timestamp with time zone,
    delivered_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.step_log (
    saga_id uuid NOT NULL,
    seq integer NOT NULL,
    step text NOT NULL,
    line integer,
    phase text NOT NULL,
    event text NOT NULL,
    outcome text,
    from_state text,
    generation integer NOT NULL,
    attempt integer NOT NULL,
    idempotency_key text,
    started_at timestamp with time zone NOT NULL,
    duration_ms bigint,
    request json,
    response json,
    error text,
    executor text NOT NULL
);
CREATE TABLE public.webhook (
    id uuid NOT NULL,
    url text NOT NULL,
    types json NOT NULL,
    description text,
    ordered boolean NOT NULL,
    state text NOT NULL,
    disabled_reason text,
    secrets json NOT NULL,
    begins bigint NOT NULL,
    unsure_until bigint NOT NULL,
    failing_since timestamp with time zone,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.webhook_delivery (
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    "position" bigint,
    event_at timestamp with time zone NOT NULL,
    body text NOT NULL,
    state text NOT NULL,
    cause text,
    attempts json NOT NULL,
    tries integer NOT NULL,
    resends integer NOT NULL,
    next_attempt_at timestamp with time zone,
    due_at timestamp with time zone,
    owner uuid,
    fence bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);
CREATE TABLE public.write_probe (
    id integer NOT NULL,
    filler text
);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed33-703a-baf4-2d09d031ee64', '2026-11-28 02:02:40.819725+00', 'operator (shared token)', 'admin', 'api', 'ship', '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', NULL, 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed3d-7060-81d7-94aa60f33f04', '2026-11-28 02:02:40.829166+00', 'operator (shared token)', 'admin', 'api', 'ship', '01a21fe3-ed38-72ff-8b58-f3074a341d16', NULL, 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed43-77f5-a070-d053a75bc140', '2026-11-28 02:02:40.835952+00', 'operator (shared token)', 'admin', 'api', 'ship', '01a21fe3-ed3f-7441-946e-88be617c5172', NULL, 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed45-7626-b9fb-b53f817e0821', '2026-11-28 02:02:40.83739+00', 'operator (shared token)', 'admin', 'api', 'return', '01a21fe3-ed38-72ff-8b58-f3074a341d16', NULL, 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed4e-766f-82bb-b849f6666ba1', '2026-11-28 02:02:40.846535+00', 'operator (shared token)', 'admin', 'api', 'return', '01a21fe3-ed3f-7441-946e-88be617c5172', NULL, 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed5c-77f9-b7fa-98d3a8f5119b', '2026-11-28 02:02:40.860679+00', 'asha (shared token)', 'admin', 'api', 'hold', '01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 'they count the cups', 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed5f-75e1-ab82-af0d4f0a9a0c', '2026-11-28 02:02:40.8634+00', 'asha (shared token)', 'admin', 'api', 'note', '01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 'until noon', 'done', NULL, NULL);
INSERT INTO public.audit_entry VALUES ('01a21fe3-ed60-72f8-ae24-7a89bb345a60', '2026-11-28 02:02:40.864745+00', 'asha (shared token)', 'admin', 'api', 'bulk.prepare', '01a21fe3-ed61-7596-9f51-aa4f3cb5acac', 'mended', 'done', NULL, NULL);
INSERT INTO public.audit_head VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');
INSERT INTO public.bulk_item VALUES ('01a21fe3-ed61-7596-9f51-aa4f3cb5acac', 0, '01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 2, 2, 'tries refund_payment now', '{"errors":["refund_payment was refused: answered …: User not found","answered …: User not found"],"step":"refund_payment"}', 'waiting', NULL, NULL, NULL, NULL, NULL, false);
INSERT INTO public.bulk_run VALUES ('01a21fe3-ed61-7596-9f51-aa4f3cb5acac', 'retry', 'asha', 'mended', 'mended', '{"canary":[1,5,0.1],"perSecond":10}', 1, 54750, '[{"count":1,"did":"tries refund_payment now"}]', 'prepared', NULL, NULL, NULL, 0, '2026-11-28 02:02:40.865883+00', 'asha (shared token)', 'admin');
INSERT INTO public.event_cursor VALUES ('sequencer', 0, '01a21fe3-ec98-763c-8152-cfe87e162444', 1, '2026-11-28 02:02:50.691389+00', NULL, NULL);
INSERT INTO public.event_cursor VALUES ('webhooks', 0, '01a21fe3-ec98-763c-8152-cfe87e162444', 1, '2026-11-28 02:02:50.69142+00', NULL, NULL);
INSERT INTO public.executor VALUES ('01a21fe3-ec91-7625-a669-ceccb0110c52', 'vm:22140', '9ba5bf9a-bd69-4e17-839c-d7a4e208ce09 pid:[4026531836] 22140 587541', '2026-11-28 02:02:40.658291+00', '2026-11-28 02:02:40.658291+00', 10000, false, NULL);
INSERT INTO public.order_items VALUES ('01a21fe3-ecc3-72c1-a7a2-b3138b960971', '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ecc3-72c1-a7a2-b314b29c4cf0', '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21fe3-ecdf-7029-aa0e-3d86594e2961', '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ecdf-7029-aa0e-3d879c7df4ab', '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21fe3-ecf5-7164-8ab8-cbcb0340fe89', '01a21fe3-ecf2-731e-a667-e1631a51929d', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ecf5-7164-8ab8-cbccfd32ca02', '01a21fe3-ecf2-731e-a667-e1631a51929d', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21fe3-ed31-7049-9131-b9179c4b77ae', '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ed31-7049-9131-b9188773e11c', '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21fe3-ed3a-71bc-800d-5a0a712c167c', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ed3a-71bc-800d-5a0b6eef7d72', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21fe3-ed41-7278-b9f8-c8f4bf5f7a6d', '01a21fe3-ed3f-7441-946e-88be617c5172', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ed41-7278-b9f8-c8f58c270b2a', '01a21fe3-ed3f-7441-946e-88be617c5172', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21fe3-ed68-75f1-bb0f-15eb04726d50', '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21fe3-ed68-75f1-bb0f-15ecbc464781', '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.orders VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelled', '2026-11-28 02:02:40.701846+00', '2026-11-28 02:02:40.728864+00', 'f3333333-3333-3333-3333-333333333333', NULL, '2026-11-28 02:02:40.728864+00', NULL, NULL);
INSERT INTO public.orders VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelling', '2026-11-28 02:02:40.732682+00', '2026-11-28 02:02:40.738697+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelling', '2026-11-28 02:02:40.754313+00', '2026-11-28 02:02:40.761254+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', '33333333-3333-3333-3333-333333333333', 54750, 'Shipped', '2026-11-28 02:02:40.81422+00', '2026-11-28 02:02:40.821248+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, '2026-11-28 02:02:40.821248+00', NULL);
INSERT INTO public.orders VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', '33333333-3333-3333-3333-333333333333', 54750, 'Shipped', '2026-11-28 02:02:40.824052+00', '2026-11-28 02:02:40.829752+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, '2026-11-28 02:02:40.829752+00', NULL);
INSERT INTO public.orders VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', '33333333-3333-3333-3333-333333333333', 54750, 'Shipped', '2026-11-28 02:02:40.831158+00', '2026-11-28 02:02:40.836288+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, '2026-11-28 02:02:40.836288+00', NULL);
INSERT INTO public.orders VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelling', '2026-11-28 02:02:40.869242+00', '2026-11-28 02:02:40.875552+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, NULL, NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ecc3-72c1-a7a2-b312d8b5c3c9', '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.707807+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-49ee5df7bcfe3ab2ce433fadcfe6fe5f-d00fc8ea3853bd03-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ecce-7254-bdf2-8d6d8b0319b2', '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 'order.cancelling', '{"reason":"fraud"}', '2026-11-28 02:02:40.718182+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-9d3dcf38aa1fd7968f4cd5599201d305-ff2b883fa01299f1-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ecd8-7009-9f5d-79a62f94abdd', '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 'order.cancelled', '{"reason":"fraud","refunded":54750,"released":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}]}', '2026-11-28 02:02:40.728866+00', NULL, '33333333-3333-3333-3333-333333333333', 3, 'Cancelled', '00-9d3dcf38aa1fd7968f4cd5599201d305-ff2b883fa01299f1-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ecdf-7029-aa0e-3d85174f3b8c', '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.735155+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-065d818391a982dea8debbc7f9274911-b14bc36cc1d69427-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ece2-7275-ba6f-b5b55c620bc1', '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 'order.cancelling', '{"reason":"customer"}', '2026-11-28 02:02:40.738697+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-6cdc7eb7c3610fc13099c7e94476c50d-6460568188dde2b1-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ecf5-7164-8ab8-cbca072d9f36', '01a21fe3-ecf2-731e-a667-e1631a51929d', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.757618+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-f6ff17c5a15eda565f055ad1e1458a93-02e37998eb42a51d-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ecf9-72c6-81c4-ae2d88e3aa92', '01a21fe3-ecf2-731e-a667-e1631a51929d', 'order.cancelling', '{"reason":"customer"}', '2026-11-28 02:02:40.761254+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-ba9be99d89d213cd5c440a61fcbe5ee7-da7ac6d62f411983-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed02-77a0-9345-f65ab005c12d', '01a21fe3-ecf2-731e-a667-e1631a51929d', 'saga.stuck', '{"sagaId":"01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd","kind":"cancellation","step":"refund_payment","stuck":"Refused","detail":"refund_payment was refused: answered 404: User not found"}', '2026-11-28 02:02:40.770402+00', NULL, '33333333-3333-3333-3333-333333333333', 3, 'Cancelling', '00-ba9be99d89d213cd5c440a61fcbe5ee7-da7ac6d62f411983-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed10-7354-a3c7-ae6b4a15a8dc', '01a21fe3-ed08-757a-bdd9-d7baaa92e292', 'order.cancelling', '{"reason":"customer"}', '2026-11-28 02:02:40.784589+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Cancelling', '00-bf07d2577d47db377b11e77e861bc27d-f280794f760c8a71-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed17-7092-8194-bd1fc0f67381', '01a21fe3-ed08-757a-bdd9-d7baaa92e292', 'order.cancelled', '{"reason":"customer","refunded":54750,"released":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}]}', '2026-11-28 02:02:40.791372+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelled', '00-d9320e723f09d7110d05556d01ad0fdd-70159577cc6c7267-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed23-7679-b831-2355a1f28cc6', '01a21fe3-ed1b-70fb-8054-94767682b544', 'order.cancelling', '{"reason":"customer"}', '2026-11-28 02:02:40.803102+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Cancelling', '00-c2fe9fc3b3ff05dfa7ea0af84ace18c9-dbe6c11c012618b5-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed31-7049-9131-b91619476227', '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.817217+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-40fa4275b14a665c59889a56f362f115-61bacb4195ba2a39-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed36-72aa-8fb8-70c74844383f', '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 'order.shipped', '{"shipment":{"id":"01a21fe3-ed35-74e2-8ce2-85069bdab1fa","carrier":"post","trackingNumber":"shipped","trackingUrl":null,"lines":[{"line":0,"quantity":2},{"line":1,"quantity":1}],"state":"label_created","shippedAt":"2026-11-28T02:02:40.819738Z","estimatedDelivery":null,"deliveredAt":null}}', '2026-11-28 02:02:40.822157+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Shipped', '00-003857db18096106823f9e5531d50e53-142aa4457e41a9a5-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed3a-71bc-800d-5a09a4907558', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.826691+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-8120c6e583e73239b6e308e9f075cf9b-c258b8813af9c3fd-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed3e-73af-9be9-31e756a267f2', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 'order.shipped', '{"shipment":{"id":"01a21fe3-ed3d-7060-81d7-94ab9ae059b2","carrier":"post","trackingNumber":"returned","trackingUrl":null,"lines":[{"line":0,"quantity":2},{"line":1,"quantity":1}],"state":"label_created","shippedAt":"2026-11-28T02:02:40.829178Z","estimatedDelivery":null,"deliveredAt":null}}', '2026-11-28 02:02:40.83012+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Shipped', '00-98e69ae5b371fbc4e05a6dfccdcf9e9d-aa0ba187f5cd0f3b-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed41-7278-b9f8-c8f33951094a', '01a21fe3-ed3f-7441-946e-88be617c5172', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.833611+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-0e9da91359c9da72b73e5c1085928715-c6bb6ea54b508db3-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed44-76d1-bbe7-963948c69898', '01a21fe3-ed3f-7441-946e-88be617c5172', 'order.shipped', '{"shipment":{"id":"01a21fe3-ed44-76d1-bbe7-9638c6bc6297","carrier":"post","trackingNumber":"returning","trackingUrl":null,"lines":[{"line":0,"quantity":2},{"line":1,"quantity":1}],"state":"label_created","shippedAt":"2026-11-28T02:02:40.835967Z","estimatedDelivery":null,"deliveredAt":null}}', '2026-11-28 02:02:40.836469+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Shipped', '00-3005fbf764d3fe67087ef3e16cb1a9b9-04857a9431eb9205-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed4b-7698-b235-80a0beafe754', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 'order.returned', '{"return":{"id":"01a21fe3-ed45-7626-b9fb-b540b4d5c1b9","refunded":14900,"restock":true,"reason":null,"lines":[{"line":0,"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1,"amount":14900}]}}', '2026-11-28 02:02:40.843135+00', NULL, '33333333-3333-3333-3333-333333333333', 3, 'Shipped', '00-12e3fa7ff589e4dd700b2475f4a35d69-ce4845816ea1490b-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed68-75f1-bb0f-15eabefe41c3', '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 'order.confirmed', '{"totalAmount":54750,"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}]}', '2026-11-28 02:02:40.872178+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-e6411ffd350f4241246e2136c004efbb-fdb4d7ad124ecd77-01', NULL);
INSERT INTO public.outbox VALUES ('01a21fe3-ed6b-77da-9ee3-423f288b6da6', '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 'order.cancelling', '{"reason":"customer"}', '2026-11-28 02:02:40.875552+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-90bc19db4508701d66adfc3480449431-7e20f9e67d1b2515-01', NULL);
INSERT INTO public.return_lines VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 1, 14900);
INSERT INTO public.return_lines VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 1, 14900);
INSERT INTO public.returns VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 14900, NULL, true, '2026-11-28 02:02:40.837977+00', '2026-11-28 02:02:40.843135+00');
INSERT INTO public.returns VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', '01a21fe3-ed3f-7441-946e-88be617c5172', 14900, NULL, true, '2026-11-28 02:02:40.84706+00', NULL);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelled', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.701846+00', NULL, 1, 2, '00-49ee5df7bcfe3ab2ce433fadcfe6fe5f-d00fc8ea3853bd03-01', '2026-11-28 02:02:40.701846+00', '2026-11-28 02:02:40.707809+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ecce-7254-bdf2-8d6c543aacc2', 'cancellation', 1, 'Cancelled', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"fraud"}', NULL, '', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.718184+00', NULL, 1, 2, '00-9d3dcf38aa1fd7968f4cd5599201d305-ff2b883fa01299f1-01', '2026-11-28 02:02:40.718184+00', '2026-11-28 02:02:40.728869+00', false, NULL, NULL, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', NULL, 2);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.732682+00', NULL, 1, 2, '00-065d818391a982dea8debbc7f9274911-b14bc36cc1d69427-01', '2026-11-28 02:02:40.732682+00', '2026-11-28 02:02:40.735157+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ece2-7275-ba6f-b5b48302442e', 'cancellation', 1, 'Cancelling', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"customer"}', NULL, '', 1, '2026-11-28 03:02:40.743639+00', '2026-11-28 02:02:40.743639+00', 'answered 500: Injected fault', '2026-11-28 05:02:40.738698+00', NULL, 1, 2, '00-6cdc7eb7c3610fc13099c7e94476c50d-6460568188dde2b1-01', '2026-11-28 02:02:40.738698+00', '2026-11-28 02:02:40.743659+00', true, NULL, NULL, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', NULL, 2);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling-refused', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.754313+00', NULL, 1, 2, '00-f6ff17c5a15eda565f055ad1e1458a93-02e37998eb42a51d-01', '2026-11-28 02:02:40.754313+00', '2026-11-28 02:02:40.75762+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 'cancellation', 1, 'Cancelling', 'Refused', '{"kind":"Refused","since":"2026-11-28T02:02:40.770359Z","step":"refund_payment","detail":"refund_payment was refused: answered 404: User not found"}', '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"cause":{"cause":"refused","step":"refund_payment","line":null,"status":404,"body":{"error":"User not found"}},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"customer"}', NULL, '', 0, NULL, NULL, 'answered 404: User not found', '2026-11-28 05:02:40.761255+00', NULL, 1, 2, '00-ba9be99d89d213cd5c440a61fcbe5ee7-da7ac6d62f411983-01', '2026-11-28 02:02:40.761255+00', '2026-11-28 02:02:40.770426+00', true, NULL, NULL, '01a21fe3-ecf2-731e-a667-e1631a51929d', NULL, 2);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 'checkout', 1, 'Compensated', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"answered":true,"cause":{"cause":"cancelled","reason":"customer"},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelled-in-flight', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.776072+00', NULL, 2, 6, '00-d9320e723f09d7110d05556d01ad0fdd-70159577cc6c7267-01', '2026-11-28 02:02:40.776072+00', '2026-11-28 02:02:40.791373+00', false, NULL, NULL, NULL, '{"since": "2026-11-28T02:02:40.784589Z", "isTold": true, "reason": "customer"}', 6);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 'checkout', 1, 'Compensating', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"answered":true,"cause":{"cause":"cancelled","reason":"customer"},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling-in-flight', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 1, '2026-11-28 03:02:40.810504+00', '2026-11-28 02:02:40.810504+00', 'the connection broke: connection closed before message completed', '2026-11-28 05:02:40.795199+00', NULL, 2, 6, '00-55d9025ba8edcd5e1c25c6066aa4408f-3e55954d606f3235-01', '2026-11-28 02:02:40.795199+00', '2026-11-28 02:02:40.810537+00', true, NULL, NULL, NULL, '{"since": "2026-11-28T02:02:40.803102Z", "isTold": true, "reason": "customer"}', 6);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'shipped', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.81422+00', NULL, 1, 2, '00-40fa4275b14a665c59889a56f362f115-61bacb4195ba2a39-01', '2026-11-28 02:02:40.81422+00', '2026-11-28 02:02:40.817219+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'returned', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.824052+00', NULL, 1, 2, '00-8120c6e583e73239b6e308e9f075cf9b-c258b8813af9c3fd-01', '2026-11-28 02:02:40.824052+00', '2026-11-28 02:02:40.826692+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'returning', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.831158+00', NULL, 1, 2, '00-0e9da91359c9da72b73e5c1085928715-c6bb6ea54b508db3-01', '2026-11-28 02:02:40.831158+00', '2026-11-28 02:02:40.833613+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', 'return', 1, 'Returned', NULL, NULL, '33333333-3333-3333-3333-333333333333', 14900, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1}],"places":[0],"amounts":[14900],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true}', '01a21fe3-ed38-72ff-8b58-f3074a341d16:returned', 'd4ce9aa2142381c8304ec40c46a3eaf6d636365ca8cd150230526ff8ffe9b0c8', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.837977+00', NULL, 1, 2, '00-12e3fa7ff589e4dd700b2475f4a35d69-ce4845816ea1490b-01', '2026-11-28 02:02:40.837977+00', '2026-11-28 02:02:40.843136+00', false, NULL, NULL, '01a21fe3-ed38-72ff-8b58-f3074a341d16', NULL, 2);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', 'return', 1, 'Returning', NULL, NULL, '33333333-3333-3333-3333-333333333333', 14900, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1}],"places":[0],"amounts":[14900],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true}', '01a21fe3-ed3f-7441-946e-88be617c5172:returning', 'd4ce9aa2142381c8304ec40c46a3eaf6d636365ca8cd150230526ff8ffe9b0c8', 1, '2026-11-28 03:02:40.851169+00', '2026-11-28 02:02:40.851169+00', 'answered 500: Injected fault', '2026-11-28 05:02:40.84706+00', NULL, 1, 2, '00-7ce6d128c9f005f9f1bd24bf15298631-1ef4212ffe6a20f7-01', '2026-11-28 02:02:40.84706+00', '2026-11-28 02:02:40.851192+00', true, NULL, NULL, '01a21fe3-ed3f-7441-946e-88be617c5172', NULL, 2);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed6b-77da-9ee3-423ed24d6988', 'cancellation', 1, 'Cancelling', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"customer"}', NULL, '', 0, '2026-11-28 02:02:40.875553+00', NULL, NULL, '2026-11-28 05:02:40.875553+00', '01a21fe3-ec91-7625-a669-ceccb0110c52', 1, 1, '00-90bc19db4508701d66adfc3480449431-7e20f9e67d1b2515-01', '2026-11-28 02:02:40.875553+00', '2026-11-28 02:02:40.875553+00', true, NULL, NULL, '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', NULL, 1);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 'checkout', 1, 'Paid', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"answered":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'held', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 1, NULL, '2026-11-28 02:02:40.858153+00', 'answered 500: Injected fault', '2026-11-28 05:02:40.854497+00', NULL, 1, 4, '00-1d870652b6522f8a78145f96f56cec6d-85c187f4d86224f3-01', '2026-11-28 02:02:40.854497+00', '2026-11-28 02:02:40.861048+00', true, NULL, '{"who": "asha", "since": "2026-11-28T02:02:40.861048Z", "reason": "they count the cups"}', NULL, NULL, 4);
INSERT INTO public.saga_instance VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling-killed', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-28 05:02:40.869242+00', NULL, 1, 2, '00-e6411ffd350f4241246e2136c004efbb-fdb4d7ad124ecd77-01', '2026-11-28 02:02:40.869242+00', '2026-11-28 02:02:40.872179+00', false, NULL, NULL, NULL, NULL, 3);
INSERT INTO public.saga_note VALUES ('01a21fe3-ed5f-75e1-ab82-af0ebe16be01', '01a21fe3-ed56-7660-9cd9-27c8bd244bb8', '2026-11-28 02:02:40.863406+00', 'asha', 'until noon');
INSERT INTO public.saga_tally VALUES ('01a21fe3-ec94-7538-aaf9-c6e15765b8e3', 'Cancelled', 1);
INSERT INTO public.saga_tally VALUES ('01a21fe3-ec94-7538-aaf9-c6e15765b8e3', 'Compensated', 1);
INSERT INTO public.saga_tally VALUES ('01a21fe3-ec94-7538-aaf9-c6e15765b8e3', 'Returned', 1);
INSERT INTO public.saga_tally VALUES ('01a21fe3-ec94-7538-aaf9-c6e15765b8e3', 'Completed', 7);
INSERT INTO public.saga_trouble VALUES ('01a21fe3-ece2-7275-ba6f-b5b48302442e', 'cancellation', NULL, 'refund_payment', 'answered …: Injected fault', '08bce0f16512913d', 54750, 0, ' refund_payment ', ' payment ', '2026-11-28 02:02:40.738698+00');
INSERT INTO public.saga_trouble VALUES ('01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 'cancellation', 'Refused', 'refund_payment', 'refund_payment was refused: answered …: User not found', 'dd780852422938fe', 54750, 0, ' refund_payment ', ' payment ', '2026-11-28 02:02:40.761255+00');
INSERT INTO public.saga_trouble VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 'checkout', NULL, 'refund_payment', 'the connection broke: connection closed before message completed', '5c6da81a8d5b4419', 54750, 1, ' refund_payment release_stock ', ' payment product ', '2026-11-28 02:02:40.795199+00');
INSERT INTO public.saga_trouble VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', 'return', NULL, 'release_stock', 'answered …: Injected fault', 'e9084b7d8fde9e7c', 0, 1, ' release_stock ', ' product ', '2026-11-28 02:02:40.84706+00');
INSERT INTO public.saga_trouble VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 'checkout', NULL, 'reserve_stock', 'answered …: Injected fault', '1bcfdc593d5d4eb1', 54750, 3, ' reserve_stock ', ' product ', '2026-11-28 02:02:40.854497+00');
INSERT INTO public.seaql_migrations VALUES ('m20261101_000001_orders', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000002_sagas', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000003_outbox', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000004_executors', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000005_money_at_risk', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000006_circuits', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000007_outbox_order', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000008_tally', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000009_undriven', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000010_in_flight', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000011_held', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000012_write_probe', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000013_saga_and_order', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000014_order_life', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000015_positions', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000016_webhooks', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000017_intake', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000018_mail', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000019_troubles', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000020_audit', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000021_sessions', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000022_bulk', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000023_bulk_by', 1795831360);
INSERT INTO public.seaql_migrations VALUES ('m20261127_000024_books_audit', 1795831360);
INSERT INTO public.shipment_lines VALUES ('01a21fe3-ed35-74e2-8ce2-85069bdab1fa', 0, 2);
INSERT INTO public.shipment_lines VALUES ('01a21fe3-ed35-74e2-8ce2-85069bdab1fa', 1, 1);
INSERT INTO public.shipment_lines VALUES ('01a21fe3-ed3d-7060-81d7-94ab9ae059b2', 0, 2);
INSERT INTO public.shipment_lines VALUES ('01a21fe3-ed3d-7060-81d7-94ab9ae059b2', 1, 1);
INSERT INTO public.shipment_lines VALUES ('01a21fe3-ed44-76d1-bbe7-9638c6bc6297', 0, 2);
INSERT INTO public.shipment_lines VALUES ('01a21fe3-ed44-76d1-bbe7-9638c6bc6297', 1, 1);
INSERT INTO public.shipments VALUES ('01a21fe3-ed35-74e2-8ce2-85069bdab1fa', '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 'post', 'shipped', NULL, 'label_created', '2026-11-28 02:02:40.819738+00', NULL, NULL, '2026-11-28 02:02:40.821248+00');
INSERT INTO public.shipments VALUES ('01a21fe3-ed3d-7060-81d7-94ab9ae059b2', '01a21fe3-ed38-72ff-8b58-f3074a341d16', 'post', 'returned', NULL, 'label_created', '2026-11-28 02:02:40.829178+00', NULL, NULL, '2026-11-28 02:02:40.829752+00');
INSERT INTO public.shipments VALUES ('01a21fe3-ed44-76d1-bbe7-9638c6bc6297', '01a21fe3-ed3f-7441-946e-88be617c5172', 'post', 'returning', NULL, 'label_created', '2026-11-28 02:02:40.835967+00', NULL, NULL, '2026-11-28 02:02:40.836288+00');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.701896+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.702034+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.702073+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b:charge_payment', '2026-11-28 02:02:40.706658+00', 0, '{"amount":54750,"orderId":"01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b","paymentId":"7061796d-656e-7473-0000-000000000001","status":"Paid","timestamp":"2026-11-28T02:02:40.707036475Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b:reserve_stock:1', '2026-11-28 02:02:40.707312+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b:reserve_stock:0', '2026-11-28 02:02:40.707294+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.707805+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecce-7254-bdf2-8d6c543aacc2', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.718184+00', NULL, '{"note":"n","reason":"fraud"}', NULL, NULL, 'client');
INSERT INTO public.step_log VALUES ('01a21fe3-ecce-7254-bdf2-8d6c543aacc2', 2, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b:release_stock:0', '2026-11-28 02:02:40.727331+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecce-7254-bdf2-8d6c543aacc2', 3, 'refund_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b:refund_payment', '2026-11-28 02:02:40.727273+00', 1, '{"amount":54750,"orderId":"01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-54750,"orderId":"01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b","paymentId":"7061796d-656e-7473-0000-000000000004","status":"Refunded","timestamp":"2026-11-28T02:02:40.727942565Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecce-7254-bdf2-8d6c543aacc2', 4, 'release_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecbd-7396-a2fb-1cc9d7e7432b:release_stock:1', '2026-11-28 02:02:40.727421+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecce-7254-bdf2-8d6c543aacc2', 5, 'record_cancellation', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.72886+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.732725+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.73276+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.73277+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e:charge_payment', '2026-11-28 02:02:40.734221+00', 0, '{"amount":54750,"orderId":"01a21fe3-ecdc-71b3-b8e0-5e09f802f48e","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ecdc-71b3-b8e0-5e09f802f48e","paymentId":"7061796d-656e-7473-0000-000000000007","status":"Paid","timestamp":"2026-11-28T02:02:40.734420252Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 5, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e:reserve_stock:0', '2026-11-28 02:02:40.734626+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 6, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e:reserve_stock:1', '2026-11-28 02:02:40.734654+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecdc-71b3-b8e0-5e09f802f48e', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.735153+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ece2-7275-ba6f-b5b48302442e', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.738698+00', NULL, '{"note":null,"reason":"customer"}', NULL, NULL, 'client');
INSERT INTO public.step_log VALUES ('01a21fe3-ece2-7275-ba6f-b5b48302442e', 2, 'refund_payment', NULL, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e:refund_payment', '2026-11-28 02:02:40.742358+00', 0, '{"amount":54750,"orderId":"01a21fe3-ecdc-71b3-b8e0-5e09f802f48e","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ece2-7275-ba6f-b5b48302442e', 3, 'release_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e:release_stock:1', '2026-11-28 02:02:40.742503+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ece2-7275-ba6f-b5b48302442e', 4, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecdc-71b3-b8e0-5e09f802f48e:release_stock:0', '2026-11-28 02:02:40.742394+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.754353+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.754392+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.754402+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecf2-731e-a667-e1631a51929d:charge_payment', '2026-11-28 02:02:40.756358+00', 0, '{"amount":54750,"orderId":"01a21fe3-ecf2-731e-a667-e1631a51929d","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ecf2-731e-a667-e1631a51929d","paymentId":"7061796d-656e-7473-0000-00000000000d","status":"Paid","timestamp":"2026-11-28T02:02:40.756771162Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 5, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecf2-731e-a667-e1631a51929d:reserve_stock:0', '2026-11-28 02:02:40.757044+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 6, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecf2-731e-a667-e1631a51929d:reserve_stock:1', '2026-11-28 02:02:40.757072+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf2-731e-a667-e1631a51929d', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.757616+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.761255+00', NULL, '{"note":null,"reason":"customer"}', NULL, NULL, 'client');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 2, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecf2-731e-a667-e1631a51929d:release_stock:0', '2026-11-28 02:02:40.768925+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 3, 'release_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ecf2-731e-a667-e1631a51929d:release_stock:1', '2026-11-28 02:02:40.768937+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ecf9-72c6-81c4-ae2cde76d4bd', 4, 'refund_payment', NULL, 'forward', 'came', 'refused', NULL, 0, 1, '01a21fe3-ecf2-731e-a667-e1631a51929d:refund_payment', '2026-11-28 02:02:40.768867+00', 1, '{"amount":54750,"orderId":"01a21fe3-ecf2-731e-a667-e1631a51929d","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"error":"User not found"}', 'answered 404: User not found', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.776116+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.776163+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.776172+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:charge_payment', '2026-11-28 02:02:40.779303+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed08-757a-bdd9-d7baaa92e292","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed08-757a-bdd9-d7baaa92e292","paymentId":"7061796d-656e-7473-0000-000000000013","status":"Paid","timestamp":"2026-11-28T02:02:40.779657684Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 5, 'reserve_stock', 1, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:reserve_stock:1', '2026-11-28 02:02:40.780006+00', 0, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:reserve_stock:0', '2026-11-28 02:02:40.779983+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 7, 'reserve_stock', 1, 'compensation', 'came', 'done', NULL, 0, 2, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:reserve_stock:1', '2026-11-28 02:02:40.789637+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 8, 'refund_payment', NULL, 'compensation', 'came', 'done', NULL, 0, 1, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:refund_payment', '2026-11-28 02:02:40.789547+00', 1, '{"amount":54750,"orderId":"01a21fe3-ed08-757a-bdd9-d7baaa92e292","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-54750,"orderId":"01a21fe3-ed08-757a-bdd9-d7baaa92e292","paymentId":"7061796d-656e-7473-0000-000000000017","status":"Refunded","timestamp":"2026-11-28T02:02:40.790592080Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 9, 'release_stock', 0, 'compensation', 'came', 'done', NULL, 0, 1, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:release_stock:0', '2026-11-28 02:02:40.789608+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed08-757a-bdd9-d7baaa92e292', 10, 'release_stock', 1, 'compensation', 'came', 'done', NULL, 0, 1, '01a21fe3-ed08-757a-bdd9-d7baaa92e292:release_stock:1', '2026-11-28 02:02:40.791033+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.795289+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.795345+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.795367+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed1b-70fb-8054-94767682b544:charge_payment', '2026-11-28 02:02:40.797388+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed1b-70fb-8054-94767682b544","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed1b-70fb-8054-94767682b544","paymentId":"7061796d-656e-7473-0000-00000000001a","status":"Paid","timestamp":"2026-11-28T02:02:40.798082182Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 5, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed1b-70fb-8054-94767682b544:reserve_stock:0', '2026-11-28 02:02:40.798356+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 6, 'reserve_stock', 1, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21fe3-ed1b-70fb-8054-94767682b544:reserve_stock:1', '2026-11-28 02:02:40.798379+00', 0, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 7, 'refund_payment', NULL, 'compensation', 'came', 'unknown', NULL, 0, 1, '01a21fe3-ed1b-70fb-8054-94767682b544:refund_payment', '2026-11-28 02:02:40.807553+00', 1, '{"amount":54750,"orderId":"01a21fe3-ed1b-70fb-8054-94767682b544","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', NULL, 'the connection broke: connection closed before message completed', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 8, 'reserve_stock', 1, 'compensation', 'came', 'done', NULL, 0, 2, '01a21fe3-ed1b-70fb-8054-94767682b544:reserve_stock:1', '2026-11-28 02:02:40.808479+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed1b-70fb-8054-94767682b544', 9, 'release_stock', 0, 'compensation', 'came', 'done', NULL, 0, 1, '01a21fe3-ed1b-70fb-8054-94767682b544:release_stock:0', '2026-11-28 02:02:40.807619+00', 2, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.814258+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.814295+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.814304+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de:charge_payment', '2026-11-28 02:02:40.81593+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed2e-73d9-89cf-aea1cd2df0de","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed2e-73d9-89cf-aea1cd2df0de","paymentId":"7061796d-656e-7473-0000-000000000020","status":"Paid","timestamp":"2026-11-28T02:02:40.816406282Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de:reserve_stock:1', '2026-11-28 02:02:40.816648+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":198}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed2e-73d9-89cf-aea1cd2df0de:reserve_stock:0', '2026-11-28 02:02:40.816621+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed2e-73d9-89cf-aea1cd2df0de', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.817215+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.824115+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.824151+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.824525+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.837977+00', NULL, '{"reason":null}', NULL, NULL, 'operator');
INSERT INTO public.step_log VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.84706+00', NULL, '{"reason":null}', NULL, NULL, 'operator');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed38-72ff-8b58-f3074a341d16:charge_payment', '2026-11-28 02:02:40.825775+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed38-72ff-8b58-f3074a341d16","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed38-72ff-8b58-f3074a341d16","paymentId":"7061796d-656e-7473-0000-000000000023","status":"Paid","timestamp":"2026-11-28T02:02:40.825958462Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed38-72ff-8b58-f3074a341d16:reserve_stock:1', '2026-11-28 02:02:40.826167+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":197}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed38-72ff-8b58-f3074a341d16:reserve_stock:0', '2026-11-28 02:02:40.826145+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":996}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed38-72ff-8b58-f3074a341d16', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.826689+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.831187+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.831214+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.831221+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed3f-7441-946e-88be617c5172:charge_payment', '2026-11-28 02:02:40.832689+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed3f-7441-946e-88be617c5172","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed3f-7441-946e-88be617c5172","paymentId":"7061796d-656e-7473-0000-000000000026","status":"Paid","timestamp":"2026-11-28T02:02:40.832869343Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed3f-7441-946e-88be617c5172:reserve_stock:1', '2026-11-28 02:02:40.833083+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":196}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed3f-7441-946e-88be617c5172:reserve_stock:0', '2026-11-28 02:02:40.833061+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":994}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed3f-7441-946e-88be617c5172', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.83361+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', 2, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed45-7626-b9fb-b540b4d5c1b9:release_stock:0', '2026-11-28 02:02:40.842343+00', 0, '{"quantity":1}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":995}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', 3, 'refund_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed45-7626-b9fb-b540b4d5c1b9:refund_payment', '2026-11-28 02:02:40.842289+00', 0, '{"amount":14900,"orderId":"01a21fe3-ed38-72ff-8b58-f3074a341d16","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-14900,"orderId":"01a21fe3-ed38-72ff-8b58-f3074a341d16","paymentId":"7061796d-656e-7473-0000-00000000002a","status":"Refunded","timestamp":"2026-11-28T02:02:40.842946423Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed45-7626-b9fb-b540b4d5c1b9', 4, 'record_return', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.843133+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', 2, 'refund_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed4f-75ac-837d-61770289a5bd:refund_payment', '2026-11-28 02:02:40.850246+00', 0, '{"amount":14900,"orderId":"01a21fe3-ed3f-7441-946e-88be617c5172","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-14900,"orderId":"01a21fe3-ed3f-7441-946e-88be617c5172","paymentId":"7061796d-656e-7473-0000-00000000002c","status":"Refunded","timestamp":"2026-11-28T02:02:40.850825024Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed4f-75ac-837d-61770289a5bd', 3, 'release_stock', 0, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21fe3-ed4f-75ac-837d-61770289a5bd:release_stock:0', '2026-11-28 02:02:40.850295+00', 0, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.854551+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.854579+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.854601+00', 1, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed56-7660-9cd9-27c8bd244bb8:charge_payment', '2026-11-28 02:02:40.856613+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed56-7660-9cd9-27c8bd244bb8","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed56-7660-9cd9-27c8bd244bb8","paymentId":"7061796d-656e-7473-0000-00000000002d","status":"Paid","timestamp":"2026-11-28T02:02:40.856993881Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 5, 'reserve_stock', 1, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21fe3-ed56-7660-9cd9-27c8bd244bb8:reserve_stock:1', '2026-11-28 02:02:40.857349+00', 0, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed56-7660-9cd9-27c8bd244bb8:reserve_stock:0', '2026-11-28 02:02:40.85731+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":993}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.869291+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.869332+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.869343+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a:charge_payment', '2026-11-28 02:02:40.871065+00', 0, '{"amount":54750,"orderId":"01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a","paymentId":"7061796d-656e-7473-0000-000000000030","status":"Paid","timestamp":"2026-11-28T02:02:40.871309277Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a:reserve_stock:1', '2026-11-28 02:02:40.871604+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":195}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a:reserve_stock:0', '2026-11-28 02:02:40.871557+00', 0, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":991}', NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed65-74a9-9c7f-bc1b2e2de70a', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-28 02:02:40.872175+00', 0, NULL, NULL, NULL, 'vm:22140');
INSERT INTO public.step_log VALUES ('01a21fe3-ed56-7660-9cd9-27c8bd244bb8', 7, 'intervene', NULL, 'operator', 'held', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.861048+00', NULL, '{"reason": "they count the cups"}', NULL, NULL, 'asha');
INSERT INTO public.step_log VALUES ('01a21fe3-ed6b-77da-9ee3-423ed24d6988', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-28 02:02:40.875553+00', NULL, '{"note":null,"reason":"customer"}', NULL, NULL, 'client');
ALTER TABLE ONLY public.audit_entry
    ADD CONSTRAINT audit_entry_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.audit_head
    ADD CONSTRAINT audit_head_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.books_audit
    ADD CONSTRAINT books_audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bulk_item
    ADD CONSTRAINT bulk_item_pkey PRIMARY KEY (bulk_id, place);
ALTER TABLE ONLY public.bulk_run
    ADD CONSTRAINT bulk_run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.console_session
    ADD CONSTRAINT console_session_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.event_cursor
    ADD CONSTRAINT event_cursor_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.executor
    ADD CONSTRAINT executor_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.mails
    ADD CONSTRAINT mails_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.owed_answer
    ADD CONSTRAINT owed_answer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.pending_answer
    ADD CONSTRAINT pending_answer_pkey PRIMARY KEY (order_id);
ALTER TABLE ONLY public.return_lines
    ADD CONSTRAINT return_lines_pkey PRIMARY KEY (return_id, line);
ALTER TABLE ONLY public.returns
    ADD CONSTRAINT returns_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saga_instance
    ADD CONSTRAINT saga_instance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saga_note
    ADD CONSTRAINT saga_note_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saga_tally
    ADD CONSTRAINT saga_tally_pkey PRIMARY KEY (writer, state);
ALTER TABLE ONLY public.saga_trouble
    ADD CONSTRAINT saga_trouble_pkey PRIMARY KEY (saga_id);
ALTER TABLE ONLY public.seaql_migrations
    ADD CONSTRAINT seaql_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.shipment_events
    ADD CONSTRAINT shipment_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.shipment_lines
    ADD CONSTRAINT shipment_lines_pkey PRIMARY KEY (shipment_id, line);
ALTER TABLE ONLY public.shipments
    ADD CONSTRAINT shipments_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.step_log
    ADD CONSTRAINT step_log_pkey PRIMARY KEY (saga_id, seq);
ALTER TABLE ONLY public.webhook_delivery
    ADD CONSTRAINT webhook_delivery_pkey PRIMARY KEY (webhook_id, event_id);
ALTER TABLE ONLY public.webhook
    ADD CONSTRAINT webhook_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.write_probe
    ADD CONSTRAINT write_probe_pkey PRIMARY KEY (id);
CREATE INDEX ix_audit_at ON public.audit_entry USING btree (at);
CREATE INDEX ix_audit_target ON public.audit_entry USING btree (target, seq);
CREATE INDEX ix_audit_unchained ON public.audit_entry USING btree (at, id) WHERE (seq IS NULL);
CREATE INDEX ix_audit_who ON public.audit_entry USING btree (who, seq);
CREATE INDEX ix_bulk_item_result ON public.bulk_item USING btree (bulk_id, result, place);
CREATE INDEX ix_bulk_item_running ON public.bulk_item USING btree (bulk_id) WHERE (result = 'running'::text);
CREATE INDEX ix_bulk_run_created_at ON public.bulk_run USING btree (created_at, id);
CREATE INDEX ix_bulk_run_running ON public.bulk_run USING btree (id) WHERE (state = 'running'::text);
CREATE INDEX ix_console_session_until ON public.console_session USING btree (until);
CREATE INDEX ix_delivery_due ON public.webhook_delivery USING btree (webhook_id, due_at, event_id) WHERE (due_at IS NOT NULL);
CREATE INDEX ix_delivery_failed ON public.webhook_delivery USING btree (webhook_id, event_at) WHERE (state = 'failed'::text);
CREATE INDEX ix_delivery_listed ON public.webhook_delivery USING btree (webhook_id, created_at, event_id);
CREATE INDEX ix_delivery_owner ON public.webhook_delivery USING btree (owner) WHERE (owner IS NOT NULL);
CREATE INDEX ix_delivery_pending ON public.webhook_delivery USING btree (webhook_id, subject, "position") WHERE (state = 'pending'::text);
CREATE INDEX ix_delivery_state ON public.webhook_delivery USING btree (webhook_id, state, created_at, event_id);
CREATE INDEX ix_mails_due ON public.mails USING btree (due_at, "position") WHERE (due_at IS NOT NULL);
CREATE INDEX ix_mails_order ON public.mails USING btree (order_id, "position");
CREATE INDEX ix_note_saga ON public.saga_note USING btree (saga_id, at, id);
CREATE UNIQUE INDEX ix_order_items_order_id ON public.order_items USING btree (order_id, line);
CREATE INDEX ix_orders_created_at ON public.orders USING btree (created_at DESC);
CREATE INDEX ix_orders_user_id ON public.orders USING btree (user_id, created_at, id);
CREATE INDEX ix_orders_user_id_total_amount ON public.orders USING btree (user_id, total_amount, id);
CREATE INDEX ix_outbox_without_position ON public.outbox USING btree (created_at, id) WHERE ("position" IS NULL);
CREATE INDEX ix_returns_order ON public.returns USING btree (order_id);
CREATE INDEX ix_saga_created_at ON public.saga_instance USING btree (created_at, id);
CREATE INDEX ix_saga_due ON public.saga_instance USING btree (at_risk, next_attempt_at) WHERE ((owner IS NULL) AND (next_attempt_at IS NOT NULL));
CREATE INDEX ix_saga_held ON public.saga_instance USING btree (created_at, id) WHERE (held IS NOT NULL);
CREATE INDEX ix_saga_order ON public.saga_instance USING btree (order_id) WHERE (order_id IS NOT NULL);
CREATE INDEX ix_saga_owner ON public.saga_instance USING btree (owner, at_risk, created_at) WHERE (owner IS NOT NULL);
CREATE INDEX ix_saga_refused ON public.saga_instance USING btree (user_id, created_at, id) WHERE (state = ANY (ARRAY['Compensated'::text, 'Rejected'::text]));
CREATE INDEX ix_saga_state ON public.saga_instance USING btree (state, created_at, id) WHERE ((owner IS NULL) AND (state IS NOT NULL));
CREATE INDEX ix_saga_stuck ON public.saga_instance USING btree (created_at, id, stuck_kind) WHERE (stuck_kind IS NOT NULL);
CREATE INDEX ix_saga_to_be_cancelled ON public.saga_instance USING btree (owner) WHERE ((cancel_request IS NOT NULL) AND (owner IS NOT NULL));
CREATE INDEX ix_saga_user_id ON public.saga_instance USING btree (user_id, created_at, id);
CREATE INDEX ix_trouble_created_at ON public.saga_trouble USING btree (created_at, saga_id);
CREATE INDEX ix_trouble_group ON public.saga_trouble USING btree (group_id, created_at, saga_id);
CREATE INDEX ix_trouble_money ON public.saga_trouble USING btree (money, created_at, saga_id);
CREATE INDEX ix_webhook_created ON public.webhook USING btree (created_at, id);
CREATE UNIQUE INDEX ux_audit_seq ON public.audit_entry USING btree (seq);
CREATE UNIQUE INDEX ux_outbox_position ON public.outbox USING btree ("position") WHERE ("position" IS NOT NULL);
CREATE UNIQUE INDEX ux_outbox_version ON public.outbox USING btree (order_id, version);
CREATE UNIQUE INDEX ux_saga_cancellation ON public.saga_instance USING btree (order_id) WHERE (kind = 'cancellation'::text);
CREATE UNIQUE INDEX ux_saga_idempotency_key ON public.saga_instance USING btree (idempotency_key, user_id, kind) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX ux_saga_in_flight ON public.saga_instance USING btree (user_id, kind, joined_by) WHERE ((owner IS NOT NULL) OR (next_attempt_at IS NOT NULL) OR (stuck_kind IS NOT NULL) OR (held IS NOT NULL));
CREATE UNIQUE INDEX ux_shipment_event ON public.shipment_events USING btree (shipment_id, identity);
CREATE UNIQUE INDEX ux_shipment_number ON public.shipments USING btree (order_id, carrier, tracking_number);
CREATE TRIGGER audit_entry_kept BEFORE DELETE OR TRUNCATE ON public.audit_entry FOR EACH STATEMENT EXECUTE FUNCTION public.audit_entry_stays();
CREATE TRIGGER audit_entry_unchanged BEFORE UPDATE ON public.audit_entry FOR EACH ROW WHEN (((old.seq IS NOT NULL) OR (new.seq IS NULL) OR (new.id IS DISTINCT FROM old.id) OR (new.at IS DISTINCT FROM old.at) OR (new.who IS DISTINCT FROM old.who) OR (new.role IS DISTINCT FROM old.role) OR (new.via IS DISTINCT FROM old.via) OR (new.action IS DISTINCT FROM old.action) OR (new.target IS DISTINCT FROM old.target) OR (new.reason IS DISTINCT FROM old.reason) OR (new.result IS DISTINCT FROM old.result))) EXECUTE FUNCTION public.audit_entry_stays();
ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT fk_order_items_order_id FOREIGN KEY (order_id) REFERENCES public.orders(id);
