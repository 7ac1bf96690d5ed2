//! What a person is told while a server takes its time.

use std::time::Duration;

use crate::output::Output;

/// Nobody wonders what is going on before that.
const MOMENT: Duration = Duration::from_secs(1);

/// Does `work`, and says `what` is waited for if it takes longer than a moment.
pub(super) async fn waiting<T>(output: &Output, what: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    match tokio::time::timeout(MOMENT, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            output.say(&format!("Waiting for {what} …"));
            work.await
        }
    }
}

/// A token of these providers, new or renewed.
pub(super) fn for_token(providers: &str) -> String {
    format!("{providers} to give a token")
}

/// The end of a provider's logins there.
pub(super) fn for_revocation(provider: &str) -> String {
    format!("{provider} to revoke the login")
}
