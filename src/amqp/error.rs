//! What goes wrong between us and RabbitMQ; in each case the connection is given up.

/// Why a connection is of no use any more, in words for the person on call. None of them has the address,
/// which holds a password.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be opened, it broke, or the server refused something.
    #[error("RabbitMQ: {0}")]
    Protocol(#[from] lapin::Error),
    /// Nothing came in time.
    #[error("RabbitMQ does not answer")]
    Silent,
    /// It says that it could not keep a message.
    #[error("RabbitMQ did not keep a message")]
    NotKept,
    /// It ended what we consume.
    #[error("RabbitMQ has ended the consumer: is the queue gone?")]
    Ended,
}
