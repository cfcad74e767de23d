//! How a consumer of RabbitMQ stands, for whoever shows it.

use std::sync::{Arc, Mutex, PoisonError};

/// Whether messages are being taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// They are.
    Consuming,
    /// Not now: there is no place for what they ask for.
    Paused,
    /// The server or the queue can't be used, for this reason; it is tried again.
    Down(String),
}

/// The standing, as it is now. Clones share it.
#[derive(Clone, Debug)]
pub struct Stands(Arc<Mutex<Standing>>);

impl Default for Stands {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Standing::Down("not connected yet".to_owned()))))
    }
}

impl Stands {
    /// How it stands now.
    pub fn get(&self) -> Standing {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It stands like this from now on. Returns how it stood before.
    pub fn set(&self, standing: Standing) -> Standing {
        std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), standing)
    }
}
