//! The vault from outside: real files, real processes, real kills.

mod backend;
mod child;
mod creation;
mod damage;
mod file_systems;
mod full_disk;
mod home;
mod key_file;
mod kill;
mod lock_holders;
mod locks;
mod modes;
mod processes;
mod speed;
mod store;
mod swaps;
mod wrong_key;
