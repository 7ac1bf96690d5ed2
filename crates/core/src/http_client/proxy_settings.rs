//! The user's own proxy.

/// Which proxy to use for outgoing requests, as read from the user's environment by the caller.
#[derive(Debug, Clone, Default)]
pub struct ProxySettings {
    /// For https URLs, such as `http://proxy.example:3128`.
    pub https: Option<String>,
    /// Hosts that are reached directly, in the usual comma-separated form. Loopback always is.
    pub no_proxy: Option<String>,
}
