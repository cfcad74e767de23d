//! What the process says of itself to a collector.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

/// Its name, and what `OTEL_RESOURCE_ATTRIBUTES` says besides.
pub(super) fn of_service() -> Resource {
    Resource::builder().with_service_name("order-service").build()
}

/// The same, told apart from its replicas: their sums must not be taken for one another's. What the environment
/// says of the instance outranks `id`.
pub(super) fn of_instance(id: String) -> Resource {
    const INSTANCE: &str = "service.instance.id";
    if of_service().get(&INSTANCE.into()).is_some() {
        return of_service();
    }
    let named = Resource::builder().with_service_name("order-service");
    named.with_attribute(KeyValue::new(INSTANCE, id)).build()
}
