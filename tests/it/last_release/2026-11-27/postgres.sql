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
    cancel_request json
);
CREATE TABLE public.saga_tally (
    writer uuid NOT NULL,
    state text NOT NULL,
    sagas bigint NOT NULL
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
CREATE TABLE public.write_probe (
    id integer NOT NULL,
    filler text
);
INSERT INTO public.executor VALUES ('01a21c16-2a2d-747b-b02b-56aed76e4975', 'vm:10091', '61e9b24c-8892-4e00-b9b3-6232bfa57864 pid:[4026531836] 10091 716666', '2026-11-27 08:19:04.374667+00', '2026-11-27 08:19:04.979326+00', 10000, false, '[{"since": null, "state": "closed", "failures": 0, "neighbour": "user"}, {"since": null, "state": "closed", "failures": 0, "neighbour": "product"}, {"since": null, "state": "closed", "failures": 0, "neighbour": "payment"}]');
INSERT INTO public.order_items VALUES ('01a21c16-2aa9-7405-a4ae-0b335b49422a', '01a21c16-2a9c-728e-8b8c-108c3a326972', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2aa9-7405-a4ae-0b346104a63d', '01a21c16-2a9c-728e-8b8c-108c3a326972', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21c16-2af5-712f-8248-467b7a31186d', '01a21c16-2ae8-7308-ab2b-9b45f1277422', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2af5-712f-8248-467cdcada086', '01a21c16-2ae8-7308-ab2b-9b45f1277422', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21c16-2b34-7385-9d46-fd4bec7d922c', '01a21c16-2b2c-77b0-8d23-610607b37eba', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2b34-7385-9d46-fd4c78cafbcc', '01a21c16-2b2c-77b0-8d23-610607b37eba', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21c16-2c01-7517-8986-90a42363424f', '01a21c16-2bf5-70be-bfb5-e47440c1e482', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2c01-7517-8986-90a5c6ccd5b2', '01a21c16-2bf5-70be-bfb5-e47440c1e482', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21c16-2c20-7421-8a57-f19b56780455', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2c20-7421-8a57-f19cc4cbc707', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21c16-2c44-71ed-9545-f5c37030085d', '01a21c16-2c37-77ff-bd10-3f8c927c8540', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2c44-71ed-9545-f5c46cabe798', '01a21c16-2c37-77ff-bd10-3f8c927c8540', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.order_items VALUES ('01a21c16-2ca9-7515-9f21-8fce30b2474e', '01a21c16-2ca2-73ff-b854-a6ea48c099ec', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 2, 14900);
INSERT INTO public.order_items VALUES ('01a21c16-2ca9-7515-9f21-8fcfed32f7ab', '01a21c16-2ca2-73ff-b854-a6ea48c099ec', 1, 'cccccccc-cccc-cccc-cccc-cccccccccccc', 1, 24950);
INSERT INTO public.orders VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelled', '2026-11-27 08:19:04.476571+00', '2026-11-27 08:19:04.542548+00', 'f3333333-3333-3333-3333-333333333333', NULL, '2026-11-27 08:19:04.542548+00', NULL, NULL);
INSERT INTO public.orders VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelling', '2026-11-27 08:19:04.553126+00', '2026-11-27 08:19:04.576364+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelling', '2026-11-27 08:19:04.620655+00', '2026-11-27 08:19:04.645033+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, NULL, NULL);
INSERT INTO public.orders VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', '33333333-3333-3333-3333-333333333333', 54750, 'Shipped', '2026-11-27 08:19:04.821587+00', '2026-11-27 08:19:04.845462+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, '2026-11-27 08:19:04.845462+00', NULL);
INSERT INTO public.orders VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', '33333333-3333-3333-3333-333333333333', 54750, 'Shipped', '2026-11-27 08:19:04.851586+00', '2026-11-27 08:19:04.880859+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, '2026-11-27 08:19:04.880859+00', NULL);
INSERT INTO public.orders VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', '33333333-3333-3333-3333-333333333333', 54750, 'Shipped', '2026-11-27 08:19:04.887518+00', '2026-11-27 08:19:04.912378+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, '2026-11-27 08:19:04.912378+00', NULL);
INSERT INTO public.orders VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', '33333333-3333-3333-3333-333333333333', 54750, 'Cancelling', '2026-11-27 08:19:04.995208+00', '2026-11-27 08:19:05.023321+00', 'f3333333-3333-3333-3333-333333333333', NULL, NULL, NULL, NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2aa9-7405-a4ae-0b323adf5312', '01a21c16-2a9c-728e-8b8c-108c3a326972', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:04.4902+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-1c7b2235d0f2051e2abcdd27e7e81cdf-02934b1deb5eaf03-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2ac6-74bd-ba04-807842084f0e', '01a21c16-2a9c-728e-8b8c-108c3a326972', 'order.cancelling', '{"reason":"fraud"}', '2026-11-27 08:19:04.518862+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-72e4211cbd02bf6cf56893e372d8c039-245a3f4214c608e7-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2ade-7419-bbfc-83545ce12936', '01a21c16-2a9c-728e-8b8c-108c3a326972', 'order.cancelled', '{"reason":"fraud","refunded":54750,"released":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}]}', '2026-11-27 08:19:04.542576+00', NULL, '33333333-3333-3333-3333-333333333333', 3, 'Cancelled', '00-72e4211cbd02bf6cf56893e372d8c039-245a3f4214c608e7-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2af5-712f-8248-467a0d905159', '01a21c16-2ae8-7308-ab2b-9b45f1277422', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:04.565664+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-ad483df442105bcb842827ab17c52599-e7085a8bfe69c117-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2b00-71cd-9c1c-ba8dbe666b75', '01a21c16-2ae8-7308-ab2b-9b45f1277422', 'order.cancelling', '{"reason":"customer"}', '2026-11-27 08:19:04.576364+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-0d46a6377d8dbd4db0ee4aac6247a213-10b3d1b0964fd0c7-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2b34-7385-9d46-fd4aeb56a7a1', '01a21c16-2b2c-77b0-8d23-610607b37eba', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:04.629218+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-6660c0869d86946010d67dcfaf051f79-2473711756b1d525-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2b44-700c-9ed0-d0f0b0295808', '01a21c16-2b2c-77b0-8d23-610607b37eba', 'order.cancelling', '{"reason":"customer"}', '2026-11-27 08:19:04.645033+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-bc7ccc359413031926fdd012a01194d5-517bea680506135b-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2b5a-7294-92ce-ada7a15330e1', '01a21c16-2b2c-77b0-8d23-610607b37eba', 'saga.stuck', '{"detail":"refund_payment was refused: answered 404: User not found","kind":"cancellation","sagaId":"01a21c16-2b44-700c-9ed0-d0ef6e02ad35","step":"refund_payment","stuck":"Refused"}', '2026-11-27 08:19:04.667298+00', NULL, '33333333-3333-3333-3333-333333333333', 3, 'Cancelling', '00-bc7ccc359413031926fdd012a01194d5-517bea680506135b-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2b86-7171-a252-dbdae4be6f65', '01a21c16-2b64-7345-b0b1-4a51fd230e13', 'order.cancelling', '{"reason":"customer"}', '2026-11-27 08:19:04.710638+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Cancelling', '00-fca21f3014397ea0d94223420f16a6d7-29c0e8cf0184741d-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2ba1-7634-b9d0-4f12e40eabc4', '01a21c16-2b64-7345-b0b1-4a51fd230e13', 'order.cancelled', '{"reason":"customer","refunded":54750,"released":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}]}', '2026-11-27 08:19:04.737786+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelled', '00-c9a337a093d116cb5e87155fb816a51b-c2ace07abc6182af-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2bc6-77c3-9de8-9d6506a9f976', '01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 'order.cancelling', '{"reason":"customer"}', '2026-11-27 08:19:04.775137+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Cancelling', '00-9e0cbfb9addb65edfcee2ce7dbd44ba1-960e18301c3d9093-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c01-7517-8986-90a36ab791a3', '01a21c16-2bf5-70be-bfb5-e47440c1e482', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:04.834094+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-64a924697fe837c6dd7d88fff666f1ef-eb8ce71f19f40fcf-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c0e-703e-82b3-6f40e963b197', '01a21c16-2bf5-70be-bfb5-e47440c1e482', 'order.shipped', '{"shipment":{"carrier":"post","deliveredAt":null,"estimatedDelivery":null,"id":"01a21c16-2c0d-72f1-a6af-edd5a17454d7","lines":[{"line":0,"quantity":2},{"line":1,"quantity":1}],"shippedAt":"2026-11-27T08:19:04.843053Z","state":"label_created","trackingNumber":"shipped","trackingUrl":null}}', '2026-11-27 08:19:04.846924+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Shipped', '00-ce7db2b6a7a4151687d705aaa35a7525-7fd508bd0a41851d-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c20-7421-8a57-f19a592d62ef', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:04.865353+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-977ebd6226bb5aa4f937cac54bbbd5fb-a162dfec37070251-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c31-710a-82ba-e38b5ac0ac8e', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 'order.shipped', '{"shipment":{"carrier":"post","deliveredAt":null,"estimatedDelivery":null,"id":"01a21c16-2c30-7516-a43a-c94f8e979c2c","lines":[{"line":0,"quantity":2},{"line":1,"quantity":1}],"shippedAt":"2026-11-27T08:19:04.879355Z","state":"label_created","trackingNumber":"returned","trackingUrl":null}}', '2026-11-27 08:19:04.881713+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Shipped', '00-15705e81723997da88a03b6e734fa01b-26b092a02317e60b-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c44-71ed-9545-f5c23eb5446d', '01a21c16-2c37-77ff-bd10-3f8c927c8540', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:04.90117+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-81cb4e2596de0b8f580afe4945af7c77-637fd42c712e366d-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c50-72a1-84f0-122d365b7a86', '01a21c16-2c37-77ff-bd10-3f8c927c8540', 'order.shipped', '{"shipment":{"carrier":"post","deliveredAt":null,"estimatedDelivery":null,"id":"01a21c16-2c50-72a1-84f0-122c00264390","lines":[{"line":0,"quantity":2},{"line":1,"quantity":1}],"shippedAt":"2026-11-27T08:19:04.911004Z","state":"label_created","trackingNumber":"returning","trackingUrl":null}}', '2026-11-27 08:19:04.913249+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Shipped', '00-f743774b4343ab8ba0b3ad56d972c631-d4c3c20abec7ee53-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2c74-7043-b786-e350d56bfcfd', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 'order.returned', '{"return":{"id":"01a21c16-2c5b-70ae-85a5-90974a83ed49","lines":[{"amount":14900,"line":0,"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1}],"reason":null,"refunded":14900,"restock":true}}', '2026-11-27 08:19:04.948835+00', NULL, '33333333-3333-3333-3333-333333333333', 3, 'Shipped', '00-aa3c89842818c8eb61b75e397094709d-3b4a26318c339b43-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2ca9-7515-9f21-8fcd55aad88b', '01a21c16-2ca2-73ff-b854-a6ea48c099ec', 'order.confirmed', '{"items":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2,"unitPrice":14900},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1,"unitPrice":24950}],"totalAmount":54750}', '2026-11-27 08:19:05.001411+00', NULL, '33333333-3333-3333-3333-333333333333', 1, 'Confirmed', '00-0ba835b771025ce1b222f1a4c288cf85-f8e81eb807e00bf7-01', NULL);
INSERT INTO public.outbox VALUES ('01a21c16-2cbe-77d5-9ece-d8b3cf86c76d', '01a21c16-2ca2-73ff-b854-a6ea48c099ec', 'order.cancelling', '{"reason":"customer"}', '2026-11-27 08:19:05.023321+00', NULL, '33333333-3333-3333-3333-333333333333', 2, 'Cancelling', '00-a008d2dab4b1d6c172d36febf9ef40a3-b426cc7b152ceb63-01', NULL);
INSERT INTO public.return_lines VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 1, 14900);
INSERT INTO public.return_lines VALUES ('01a21c16-2c82-723a-a6a0-b138f5a3cfce', 0, 'aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa', 1, 14900);
INSERT INTO public.returns VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 14900, NULL, true, '2026-11-27 08:19:04.923536+00', '2026-11-27 08:19:04.948836+00');
INSERT INTO public.returns VALUES ('01a21c16-2c82-723a-a6a0-b138f5a3cfce', '01a21c16-2c37-77ff-bd10-3f8c927c8540', 14900, NULL, true, '2026-11-27 08:19:04.962753+00', NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelled', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.476571+00', NULL, 1, 2, '00-1c7b2235d0f2051e2abcdd27e7e81cdf-02934b1deb5eaf03-01', '2026-11-27 08:19:04.476571+00', '2026-11-27 08:19:04.490211+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2ac6-74bd-ba04-8077bfbf3bb3', 'cancellation', 1, 'Cancelled', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"fraud"}', NULL, '', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.518881+00', NULL, 1, 2, '00-72e4211cbd02bf6cf56893e372d8c039-245a3f4214c608e7-01', '2026-11-27 08:19:04.518881+00', '2026-11-27 08:19:04.54258+00', false, NULL, NULL, '01a21c16-2a9c-728e-8b8c-108c3a326972', NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.553126+00', NULL, 1, 2, '00-ad483df442105bcb842827ab17c52599-e7085a8bfe69c117-01', '2026-11-27 08:19:04.553126+00', '2026-11-27 08:19:04.565674+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2aff-766c-9c3a-10f09cf12927', 'cancellation', 1, 'Cancelling', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"customer"}', NULL, '', 1, '2026-11-27 09:19:04.609963+00', '2026-11-27 08:19:04.609963+00', 'answered 500: Injected fault', '2026-11-27 11:19:04.576382+00', NULL, 1, 2, '00-0d46a6377d8dbd4db0ee4aac6247a213-10b3d1b0964fd0c7-01', '2026-11-27 08:19:04.576382+00', '2026-11-27 08:19:04.610058+00', true, NULL, NULL, '01a21c16-2ae8-7308-ab2b-9b45f1277422', NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling-refused', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.620655+00', NULL, 1, 2, '00-6660c0869d86946010d67dcfaf051f79-2473711756b1d525-01', '2026-11-27 08:19:04.620655+00', '2026-11-27 08:19:04.629228+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2b44-700c-9ed0-d0ef6e02ad35', 'cancellation', 1, 'Cancelling', 'Refused', '{"kind":"Refused","since":"2026-11-27T08:19:04.667157Z","step":"refund_payment","detail":"refund_payment was refused: answered 404: User not found"}', '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"cause":{"cause":"refused","step":"refund_payment","line":null,"status":404,"body":{"error":"User not found"}},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"customer"}', NULL, '', 0, NULL, NULL, 'answered 404: User not found', '2026-11-27 11:19:04.645051+00', NULL, 1, 2, '00-bc7ccc359413031926fdd012a01194d5-517bea680506135b-01', '2026-11-27 08:19:04.645051+00', '2026-11-27 08:19:04.6673+00', true, NULL, NULL, '01a21c16-2b2c-77b0-8d23-610607b37eba', NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 'checkout', 1, 'Compensated', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"cause":{"cause":"cancelled","reason":"customer"},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelled-in-flight', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.677149+00', NULL, 2, 6, '00-c9a337a093d116cb5e87155fb816a51b-c2ace07abc6182af-01', '2026-11-27 08:19:04.677149+00', '2026-11-27 08:19:04.737791+00', false, NULL, NULL, NULL, '{"since": "2026-11-27T08:19:04.710638Z", "isTold": true, "reason": "customer"}');
INSERT INTO public.saga_instance VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 'checkout', 1, 'Compensating', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"cause":{"cause":"cancelled","reason":"customer"},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling-in-flight', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 1, '2026-11-27 09:19:04.815212+00', '2026-11-27 08:19:04.815212+00', 'the connection broke: connection closed before message completed', '2026-11-27 11:19:04.750769+00', NULL, 2, 6, '00-cfc772522c6abca824ff6269884d3f27-effaa6d7bbbe61d5-01', '2026-11-27 08:19:04.750769+00', '2026-11-27 08:19:04.815261+00', true, NULL, NULL, NULL, '{"since": "2026-11-27T08:19:04.775137Z", "isTold": true, "reason": "customer"}');
INSERT INTO public.saga_instance VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'shipped', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.821587+00', NULL, 1, 2, '00-64a924697fe837c6dd7d88fff666f1ef-eb8ce71f19f40fcf-01', '2026-11-27 08:19:04.821587+00', '2026-11-27 08:19:04.834104+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'returned', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.851586+00', NULL, 1, 2, '00-977ebd6226bb5aa4f937cac54bbbd5fb-a162dfec37070251-01', '2026-11-27 08:19:04.851586+00', '2026-11-27 08:19:04.865363+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'returning', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.887518+00', NULL, 1, 2, '00-81cb4e2596de0b8f580afe4945af7c77-637fd42c712e366d-01', '2026-11-27 08:19:04.887518+00', '2026-11-27 08:19:04.901179+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', 'return', 1, 'Returned', NULL, NULL, '33333333-3333-3333-3333-333333333333', 14900, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1}],"places":[0],"amounts":[14900],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true}', '01a21c16-2c13-76e2-b5ac-fc397be3f982:returned', 'd4ce9aa2142381c8304ec40c46a3eaf6d636365ca8cd150230526ff8ffe9b0c8', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.923536+00', NULL, 1, 2, '00-aa3c89842818c8eb61b75e397094709d-3b4a26318c339b43-01', '2026-11-27 08:19:04.923536+00', '2026-11-27 08:19:04.94886+00', false, NULL, NULL, '01a21c16-2c13-76e2-b5ac-fc397be3f982', NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2c82-723a-a6a0-b138f5a3cfce', 'return', 1, 'Returning', NULL, NULL, '33333333-3333-3333-3333-333333333333', 14900, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":1}],"places":[0],"amounts":[14900],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true}', '01a21c16-2c37-77ff-bd10-3f8c927c8540:returning', 'd4ce9aa2142381c8304ec40c46a3eaf6d636365ca8cd150230526ff8ffe9b0c8', 1, '2026-11-27 09:19:04.97529+00', '2026-11-27 08:19:04.97529+00', 'answered 500: Injected fault', '2026-11-27 11:19:04.962753+00', NULL, 1, 2, '00-7dfe9ca48add1d62283d75b8957b207d-44e98fbe7d5d66cd-01', '2026-11-27 08:19:04.962753+00', '2026-11-27 08:19:04.975331+00', true, NULL, NULL, '01a21c16-2c37-77ff-bd10-3f8c927c8540', NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 'checkout', 1, 'Completed', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"attended":true,"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"profileId":"f3333333-3333-3333-3333-333333333333","unitPrices":[14900,24950]}', 'cancelling-killed', 'a2ba126c0a520c3f573929af99cf000a402a53e762e94afff78ce5043e0587ad', 0, NULL, NULL, NULL, '2026-11-27 11:19:04.995208+00', NULL, 1, 2, '00-0ba835b771025ce1b222f1a4c288cf85-f8e81eb807e00bf7-01', '2026-11-27 08:19:04.995208+00', '2026-11-27 08:19:05.00142+00', false, NULL, NULL, NULL, NULL);
INSERT INTO public.saga_instance VALUES ('01a21c16-2cbe-77d5-9ece-d8b2c2ce3be8', 'cancellation', 1, 'Cancelling', NULL, NULL, '33333333-3333-3333-3333-333333333333', 54750, '{"kinds":{"payment":true,"product":true},"lines":[{"productId":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","quantity":2},{"productId":"cccccccc-cccc-cccc-cccc-cccccccccccc","quantity":1}],"places":[0,1],"amounts":[29800,24950],"profileId":"f3333333-3333-3333-3333-333333333333","restock":true,"reason":"customer"}', NULL, '', 0, '2026-11-27 08:19:05.023338+00', NULL, NULL, '2026-11-27 11:19:05.023338+00', '01a21c16-2a2d-747b-b02b-56aed76e4975', 1, 1, '00-a008d2dab4b1d6c172d36febf9ef40a3-b426cc7b152ceb63-01', '2026-11-27 08:19:05.023338+00', '2026-11-27 08:19:05.023338+00', true, NULL, NULL, '01a21c16-2ca2-73ff-b854-a6ea48c099ec', NULL);
INSERT INTO public.saga_tally VALUES ('01a21c16-2a3d-74e0-9d32-b28bc6fb1db0', 'Cancelled', 1);
INSERT INTO public.saga_tally VALUES ('01a21c16-2a3d-74e0-9d32-b28bc6fb1db0', 'Compensated', 1);
INSERT INTO public.saga_tally VALUES ('01a21c16-2a3d-74e0-9d32-b28bc6fb1db0', 'Returned', 1);
INSERT INTO public.saga_tally VALUES ('01a21c16-2a3d-74e0-9d32-b28bc6fb1db0', 'Completed', 7);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000001_orders', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000002_sagas', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000003_outbox', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261101_000004_executors', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000005_money_at_risk', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000006_circuits', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000007_outbox_order', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000008_tally', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261122_000009_undriven', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000010_in_flight', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000011_held', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000012_write_probe', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000013_saga_and_order', 1795767544);
INSERT INTO public.seaql_migrations VALUES ('m20261126_000014_order_life', 1795767544);
INSERT INTO public.shipment_lines VALUES ('01a21c16-2c0d-72f1-a6af-edd5a17454d7', 0, 2);
INSERT INTO public.shipment_lines VALUES ('01a21c16-2c0d-72f1-a6af-edd5a17454d7', 1, 1);
INSERT INTO public.shipment_lines VALUES ('01a21c16-2c30-7516-a43a-c94f8e979c2c', 0, 2);
INSERT INTO public.shipment_lines VALUES ('01a21c16-2c30-7516-a43a-c94f8e979c2c', 1, 1);
INSERT INTO public.shipment_lines VALUES ('01a21c16-2c50-72a1-84f0-122c00264390', 0, 2);
INSERT INTO public.shipment_lines VALUES ('01a21c16-2c50-72a1-84f0-122c00264390', 1, 1);
INSERT INTO public.shipments VALUES ('01a21c16-2c0d-72f1-a6af-edd5a17454d7', '01a21c16-2bf5-70be-bfb5-e47440c1e482', 'post', 'shipped', NULL, 'label_created', '2026-11-27 08:19:04.843053+00', NULL, NULL, '2026-11-27 08:19:04.845462+00');
INSERT INTO public.shipments VALUES ('01a21c16-2c30-7516-a43a-c94f8e979c2c', '01a21c16-2c13-76e2-b5ac-fc397be3f982', 'post', 'returned', NULL, 'label_created', '2026-11-27 08:19:04.879355+00', NULL, NULL, '2026-11-27 08:19:04.880859+00');
INSERT INTO public.shipments VALUES ('01a21c16-2c50-72a1-84f0-122c00264390', '01a21c16-2c37-77ff-bd10-3f8c927c8540', 'post', 'returning', NULL, 'label_created', '2026-11-27 08:19:04.911004+00', NULL, NULL, '2026-11-27 08:19:04.912378+00');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.476881+00', 3, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.47745+00', 2, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.477646+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2a9c-728e-8b8c-108c3a326972:charge_payment', '2026-11-27 08:19:04.486458+00', 1, '{"amount":54750,"orderId":"01a21c16-2a9c-728e-8b8c-108c3a326972","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2a9c-728e-8b8c-108c3a326972","paymentId":"7061796d-656e-7473-0000-000000000001","status":"Paid","timestamp":"2026-11-27T08:19:04.487286891Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2a9c-728e-8b8c-108c3a326972:reserve_stock:1', '2026-11-27 08:19:04.488615+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2a9c-728e-8b8c-108c3a326972:reserve_stock:0', '2026-11-27 08:19:04.488432+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2a9c-728e-8b8c-108c3a326972', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.490152+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ac6-74bd-ba04-8077bfbf3bb3', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-27 08:19:04.518881+00', NULL, '{"note":"n","reason":"fraud"}', NULL, NULL, 'client');
INSERT INTO public.step_log VALUES ('01a21c16-2ac6-74bd-ba04-8077bfbf3bb3', 2, 'refund_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2a9c-728e-8b8c-108c3a326972:refund_payment', '2026-11-27 08:19:04.538576+00', 2, '{"amount":54750,"orderId":"01a21c16-2a9c-728e-8b8c-108c3a326972","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-54750,"orderId":"01a21c16-2a9c-728e-8b8c-108c3a326972","paymentId":"7061796d-656e-7473-0000-000000000004","status":"Refunded","timestamp":"2026-11-27T08:19:04.539519668Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ac6-74bd-ba04-8077bfbf3bb3', 3, 'release_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2a9c-728e-8b8c-108c3a326972:release_stock:1', '2026-11-27 08:19:04.539189+00', 3, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ac6-74bd-ba04-8077bfbf3bb3', 4, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2a9c-728e-8b8c-108c3a326972:release_stock:0', '2026-11-27 08:19:04.538929+00', 3, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ac6-74bd-ba04-8077bfbf3bb3', 5, 'record_cancellation', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.542542+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.553388+00', 2, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.553628+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.553747+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ae8-7308-ab2b-9b45f1277422:charge_payment', '2026-11-27 08:19:04.562405+00', 1, '{"amount":54750,"orderId":"01a21c16-2ae8-7308-ab2b-9b45f1277422","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2ae8-7308-ab2b-9b45f1277422","paymentId":"7061796d-656e-7473-0000-000000000007","status":"Paid","timestamp":"2026-11-27T08:19:04.562851007Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 5, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ae8-7308-ab2b-9b45f1277422:reserve_stock:0', '2026-11-27 08:19:04.563973+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 6, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ae8-7308-ab2b-9b45f1277422:reserve_stock:1', '2026-11-27 08:19:04.564195+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ae8-7308-ab2b-9b45f1277422', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.565617+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2aff-766c-9c3a-10f09cf12927', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-27 08:19:04.576382+00', NULL, '{"note":null,"reason":"customer"}', NULL, NULL, 'client');
INSERT INTO public.step_log VALUES ('01a21c16-2aff-766c-9c3a-10f09cf12927', 2, 'refund_payment', NULL, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21c16-2ae8-7308-ab2b-9b45f1277422:refund_payment', '2026-11-27 08:19:04.605475+00', 2, '{"amount":54750,"orderId":"01a21c16-2ae8-7308-ab2b-9b45f1277422","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2aff-766c-9c3a-10f09cf12927', 3, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ae8-7308-ab2b-9b45f1277422:release_stock:0', '2026-11-27 08:19:04.605759+00', 3, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2aff-766c-9c3a-10f09cf12927', 4, 'release_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ae8-7308-ab2b-9b45f1277422:release_stock:1', '2026-11-27 08:19:04.607072+00', 2, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.62091+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.621163+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.62128+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b2c-77b0-8d23-610607b37eba:charge_payment', '2026-11-27 08:19:04.626321+00', 1, '{"amount":54750,"orderId":"01a21c16-2b2c-77b0-8d23-610607b37eba","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2b2c-77b0-8d23-610607b37eba","paymentId":"7061796d-656e-7473-0000-00000000000d","status":"Paid","timestamp":"2026-11-27T08:19:04.626665135Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 5, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b2c-77b0-8d23-610607b37eba:reserve_stock:0', '2026-11-27 08:19:04.627705+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 6, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b2c-77b0-8d23-610607b37eba:reserve_stock:1', '2026-11-27 08:19:04.627899+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b2c-77b0-8d23-610607b37eba', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.629171+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b44-700c-9ed0-d0ef6e02ad35', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-27 08:19:04.645051+00', NULL, '{"note":null,"reason":"customer"}', NULL, NULL, 'client');
INSERT INTO public.step_log VALUES ('01a21c16-2b44-700c-9ed0-d0ef6e02ad35', 2, 'release_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b2c-77b0-8d23-610607b37eba:release_stock:1', '2026-11-27 08:19:04.664197+00', 2, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-27 08:19:04.923536+00', NULL, '{"reason":null}', NULL, NULL, 'operator');
INSERT INTO public.step_log VALUES ('01a21c16-2c82-723a-a6a0-b138f5a3cfce', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-27 08:19:04.962753+00', NULL, '{"reason":null}', NULL, NULL, 'operator');
INSERT INTO public.step_log VALUES ('01a21c16-2b44-700c-9ed0-d0ef6e02ad35', 3, 'refund_payment', NULL, 'forward', 'came', 'refused', NULL, 0, 1, '01a21c16-2b2c-77b0-8d23-610607b37eba:refund_payment', '2026-11-27 08:19:04.663728+00', 2, '{"amount":54750,"orderId":"01a21c16-2b2c-77b0-8d23-610607b37eba","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"error":"User not found"}', 'answered 404: User not found', 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b44-700c-9ed0-d0ef6e02ad35', 4, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b2c-77b0-8d23-610607b37eba:release_stock:0', '2026-11-27 08:19:04.664045+00', 2, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.677379+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.677608+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.677724+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b64-7345-b0b1-4a51fd230e13:charge_payment', '2026-11-27 08:19:04.684404+00', 1, '{"amount":54750,"orderId":"01a21c16-2b64-7345-b0b1-4a51fd230e13","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2b64-7345-b0b1-4a51fd230e13","paymentId":"7061796d-656e-7473-0000-000000000013","status":"Paid","timestamp":"2026-11-27T08:19:04.685173191Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 5, 'reserve_stock', 1, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21c16-2b64-7345-b0b1-4a51fd230e13:reserve_stock:1', '2026-11-27 08:19:04.686328+00', 1, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2b64-7345-b0b1-4a51fd230e13:reserve_stock:0', '2026-11-27 08:19:04.686154+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 7, 'refund_payment', NULL, 'compensation', 'came', 'done', NULL, 0, 1, '01a21c16-2b64-7345-b0b1-4a51fd230e13:refund_payment', '2026-11-27 08:19:04.729151+00', 6, '{"amount":54750,"orderId":"01a21c16-2b64-7345-b0b1-4a51fd230e13","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-54750,"orderId":"01a21c16-2b64-7345-b0b1-4a51fd230e13","paymentId":"7061796d-656e-7473-0000-000000000016","status":"Refunded","timestamp":"2026-11-27T08:19:04.734072315Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 8, 'release_stock', 0, 'compensation', 'came', 'done', NULL, 0, 1, '01a21c16-2b64-7345-b0b1-4a51fd230e13:release_stock:0', '2026-11-27 08:19:04.729476+00', 6, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 9, 'reserve_stock', 1, 'compensation', 'came', 'done', NULL, 0, 2, '01a21c16-2b64-7345-b0b1-4a51fd230e13:reserve_stock:1', '2026-11-27 08:19:04.729633+00', 6, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2b64-7345-b0b1-4a51fd230e13', 10, 'release_stock', 1, 'compensation', 'came', 'done', NULL, 0, 1, '01a21c16-2b64-7345-b0b1-4a51fd230e13:release_stock:1', '2026-11-27 08:19:04.736831+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":200}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.751476+00', 2, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.751724+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.751844+00', 2, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2bae-70b9-9c80-e1fbdd0da42c:charge_payment', '2026-11-27 08:19:04.763116+00', 1, '{"amount":54750,"orderId":"01a21c16-2bae-70b9-9c80-e1fbdd0da42c","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2bae-70b9-9c80-e1fbdd0da42c","paymentId":"7061796d-656e-7473-0000-00000000001a","status":"Paid","timestamp":"2026-11-27T08:19:04.763422293Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 5, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2bae-70b9-9c80-e1fbdd0da42c:reserve_stock:0', '2026-11-27 08:19:04.764532+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 6, 'reserve_stock', 1, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21c16-2bae-70b9-9c80-e1fbdd0da42c:reserve_stock:1', '2026-11-27 08:19:04.764727+00', 1, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 7, 'refund_payment', NULL, 'compensation', 'came', 'unknown', NULL, 0, 1, '01a21c16-2bae-70b9-9c80-e1fbdd0da42c:refund_payment', '2026-11-27 08:19:04.812406+00', 1, '{"amount":54750,"orderId":"01a21c16-2bae-70b9-9c80-e1fbdd0da42c","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', NULL, 'the connection broke: connection closed before message completed', 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 8, 'reserve_stock', 1, 'compensation', 'came', 'done', NULL, 0, 2, '01a21c16-2bae-70b9-9c80-e1fbdd0da42c:reserve_stock:1', '2026-11-27 08:19:04.812954+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":199}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bae-70b9-9c80-e1fbdd0da42c', 9, 'release_stock', 0, 'compensation', 'came', 'done', NULL, 0, 1, '01a21c16-2bae-70b9-9c80-e1fbdd0da42c:release_stock:0', '2026-11-27 08:19:04.812699+00', 2, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":1000}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.821799+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.822137+00', 2, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.822756+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2bf5-70be-bfb5-e47440c1e482:charge_payment', '2026-11-27 08:19:04.830394+00', 1, '{"amount":54750,"orderId":"01a21c16-2bf5-70be-bfb5-e47440c1e482","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2bf5-70be-bfb5-e47440c1e482","paymentId":"7061796d-656e-7473-0000-000000000020","status":"Paid","timestamp":"2026-11-27T08:19:04.831379582Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2bf5-70be-bfb5-e47440c1e482:reserve_stock:1', '2026-11-27 08:19:04.832674+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":198}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2bf5-70be-bfb5-e47440c1e482:reserve_stock:0', '2026-11-27 08:19:04.832448+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":998}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2bf5-70be-bfb5-e47440c1e482', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.83405+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.851884+00', 6, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.852138+00', 6, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.852276+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c13-76e2-b5ac-fc397be3f982:charge_payment', '2026-11-27 08:19:04.862271+00', 1, '{"amount":54750,"orderId":"01a21c16-2c13-76e2-b5ac-fc397be3f982","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2c13-76e2-b5ac-fc397be3f982","paymentId":"7061796d-656e-7473-0000-000000000023","status":"Paid","timestamp":"2026-11-27T08:19:04.862763995Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c13-76e2-b5ac-fc397be3f982:reserve_stock:1', '2026-11-27 08:19:04.863938+00', 1, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":197}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c13-76e2-b5ac-fc397be3f982:reserve_stock:0', '2026-11-27 08:19:04.863748+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":996}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c13-76e2-b5ac-fc397be3f982', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.865307+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.887772+00', 3, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.888039+00', 3, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.888157+00', 2, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c37-77ff-bd10-3f8c927c8540:charge_payment', '2026-11-27 08:19:04.898466+00', 1, '{"amount":54750,"orderId":"01a21c16-2c37-77ff-bd10-3f8c927c8540","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2c37-77ff-bd10-3f8c927c8540","paymentId":"7061796d-656e-7473-0000-000000000026","status":"Paid","timestamp":"2026-11-27T08:19:04.898907235Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c37-77ff-bd10-3f8c927c8540:reserve_stock:1', '2026-11-27 08:19:04.900113+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":196}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c37-77ff-bd10-3f8c927c8540:reserve_stock:0', '2026-11-27 08:19:04.899932+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":994}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c37-77ff-bd10-3f8c927c8540', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.901125+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', 2, 'refund_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c5b-70ae-85a5-90974a83ed49:refund_payment', '2026-11-27 08:19:04.946739+00', 1, '{"amount":14900,"orderId":"01a21c16-2c13-76e2-b5ac-fc397be3f982","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-14900,"orderId":"01a21c16-2c13-76e2-b5ac-fc397be3f982","paymentId":"7061796d-656e-7473-0000-000000000029","status":"Refunded","timestamp":"2026-11-27T08:19:04.947535741Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', 3, 'release_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c5b-70ae-85a5-90974a83ed49:release_stock:0', '2026-11-27 08:19:04.947095+00', 1, '{"quantity":1}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":995}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c5b-70ae-85a5-90974a83ed49', 4, 'record_return', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.94879+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c82-723a-a6a0-b138f5a3cfce', 2, 'release_stock', 0, 'forward', 'came', 'unknown', NULL, 0, 1, '01a21c16-2c82-723a-a6a0-b138f5a3cfce:release_stock:0', '2026-11-27 08:19:04.973525+00', 1, '{"quantity":1}', '{"error":"Injected fault"}', 'answered 500: Injected fault', 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2c82-723a-a6a0-b138f5a3cfce', 3, 'refund_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2c82-723a-a6a0-b138f5a3cfce:refund_payment', '2026-11-27 08:19:04.9732+00', 1, '{"amount":14900,"orderId":"01a21c16-2c37-77ff-bd10-3f8c927c8540","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":-14900,"orderId":"01a21c16-2c37-77ff-bd10-3f8c927c8540","paymentId":"7061796d-656e-7473-0000-00000000002c","status":"Refunded","timestamp":"2026-11-27T08:19:04.974327361Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 1, 'fetch_profile', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.995435+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 2, 'price_cart', 0, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.995678+00', 1, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 3, 'price_cart', 1, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:04.995813+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 4, 'charge_payment', NULL, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ca2-73ff-b854-a6ea48c099ec:charge_payment', '2026-11-27 08:19:04.999191+00', 0, '{"amount":54750,"orderId":"01a21c16-2ca2-73ff-b854-a6ea48c099ec","userId":"33333333-3333-3333-3333-333333333333","userProfileId":"f3333333-3333-3333-3333-333333333333"}', '{"amount":54750,"orderId":"01a21c16-2ca2-73ff-b854-a6ea48c099ec","paymentId":"7061796d-656e-7473-0000-00000000002d","status":"Paid","timestamp":"2026-11-27T08:19:04.999316189Z","userId":"33333333-3333-3333-3333-333333333333"}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 5, 'reserve_stock', 1, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ca2-73ff-b854-a6ea48c099ec:reserve_stock:1', '2026-11-27 08:19:05.000377+00', 0, '{"quantity":1}', '{"id":"cccccccc-cccc-cccc-cccc-cccccccccccc","remaining":195}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 6, 'reserve_stock', 0, 'forward', 'came', 'done', NULL, 0, 1, '01a21c16-2ca2-73ff-b854-a6ea48c099ec:reserve_stock:0', '2026-11-27 08:19:05.000202+00', 1, '{"quantity":2}', '{"id":"aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa","remaining":993}', NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2ca2-73ff-b854-a6ea48c099ec', 7, 'confirm_order', NULL, 'forward', 'came', 'done', NULL, 0, 1, NULL, '2026-11-27 08:19:05.001373+00', 0, NULL, NULL, NULL, 'vm:10091');
INSERT INTO public.step_log VALUES ('01a21c16-2cbe-77d5-9ece-d8b2c2ce3be8', 1, 'begin', NULL, 'forward', 'begun', NULL, NULL, 0, 0, NULL, '2026-11-27 08:19:05.023338+00', NULL, '{"note":null,"reason":"customer"}', NULL, NULL, 'client');
ALTER TABLE ONLY public.executor
    ADD CONSTRAINT executor_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT order_items_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.orders
    ADD CONSTRAINT orders_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.return_lines
    ADD CONSTRAINT return_lines_pkey PRIMARY KEY (return_id, line);
ALTER TABLE ONLY public.returns
    ADD CONSTRAINT returns_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saga_instance
    ADD CONSTRAINT saga_instance_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.saga_tally
    ADD CONSTRAINT saga_tally_pkey PRIMARY KEY (writer, state);
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
ALTER TABLE ONLY public.write_probe
    ADD CONSTRAINT write_probe_pkey PRIMARY KEY (id);
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
CREATE UNIQUE INDEX ux_outbox_version ON public.outbox USING btree (order_id, version);
CREATE UNIQUE INDEX ux_saga_cancellation ON public.saga_instance USING btree (order_id) WHERE (kind = 'cancellation'::text);
CREATE UNIQUE INDEX ux_saga_idempotency_key ON public.saga_instance USING btree (user_id, kind, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE UNIQUE INDEX ux_saga_in_flight ON public.saga_instance USING btree (user_id, kind, joined_by) WHERE ((owner IS NOT NULL) OR (next_attempt_at IS NOT NULL) OR (stuck_kind IS NOT NULL) OR (held IS NOT NULL));
CREATE UNIQUE INDEX ux_shipment_event ON public.shipment_events USING btree (shipment_id, identity);
CREATE UNIQUE INDEX ux_shipment_number ON public.shipments USING btree (order_id, carrier, tracking_number);
ALTER TABLE ONLY public.order_items
    ADD CONSTRAINT fk_order_items_order_id FOREIGN KEY (order_id) REFERENCES public.orders(id);
