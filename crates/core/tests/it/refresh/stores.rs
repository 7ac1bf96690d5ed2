//! The real vault with one thing taken away.

use std::time::Duration;

use authkeep_vault::{
    Entry, EntryKey, Expected, LockError, LockGuard, Meta, PutError, Revision, SqliteStore, Store,
    StoreError, Verification,
};

macro_rules! the_rest {
    ($($method:ident),*) => {
        $(the_rest!(@ $method);)*
    };
    (@ put) => {
        fn put(&self, key: &EntryKey, value: &[u8], expected: Expected) -> Result<Revision, PutError> {
            self.0.put(key, value, expected)
        }
    };
    (@ lock) => {
        fn lock(&self, key: &EntryKey, patience: Duration) -> Result<LockGuard, LockError> {
            self.0.lock(key, patience)
        }
    };
    (@ others) => {
        fn get(&self, key: &EntryKey) -> Result<Option<Entry>, StoreError> {
            self.0.get(key)
        }

        fn delete(&self, key: &EntryKey, expected: Expected) -> Result<bool, PutError> {
            self.0.delete(key, expected)
        }

        fn list(&self, prefix: &str) -> Result<Vec<(EntryKey, Entry)>, StoreError> {
            self.0.list(prefix)
        }

        fn meta(&self) -> Result<Meta, StoreError> {
            self.0.meta()
        }

        fn verify(&self) -> Result<Verification, StoreError> {
            self.0.verify()
        }
    };
}

/// Locks nothing: what the product would be without its lock.
#[derive(Debug)]
pub(crate) struct Lockless(pub(crate) SqliteStore);

impl Store for Lockless {
    fn lock(&self, _: &EntryKey, _: Duration) -> Result<LockGuard, LockError> {
        Ok(LockGuard::new(()))
    }

    the_rest!(put, others);
}

/// Neither locks anything nor looks at what it replaces: without its lock, the product is saved now and then by its
/// compare-and-swap.
#[derive(Debug)]
pub(crate) struct Unguarded(pub(crate) SqliteStore);

impl Store for Unguarded {
    fn put(&self, key: &EntryKey, value: &[u8], _: Expected) -> Result<Revision, PutError> {
        self.0.put(key, value, Expected::Any)
    }

    fn lock(&self, _: &EntryKey, _: Duration) -> Result<LockGuard, LockError> {
        Ok(LockGuard::new(()))
    }

    the_rest!(others);
}

/// Writes nothing: a full disk.
#[derive(Debug)]
pub(crate) struct ReadOnly(pub(crate) SqliteStore);

impl Store for ReadOnly {
    fn put(&self, _: &EntryKey, _: &[u8], _: Expected) -> Result<Revision, PutError> {
        Err(PutError::Store(StoreError::Busy))
    }

    the_rest!(lock, others);
}

/// Replaces whatever is there: what the product would be without compare-and-swap.
#[derive(Debug)]
pub(crate) struct Clobbering(pub(crate) SqliteStore);

impl Store for Clobbering {
    fn put(&self, key: &EntryKey, value: &[u8], _: Expected) -> Result<Revision, PutError> {
        self.0.put(key, value, Expected::Any)
    }

    the_rest!(lock, others);
}
