//! The program that the credential is handed to. It knows nothing of authkeep: it reads a variable, as SDKs do.

use authkeep_testkit::plain_http::Request;

use crate::failed::Failed;

/// The argument that makes this program the tool.
pub(crate) const CALL_API: &str = "call-api";
/// Where the tool finds the API.
pub(crate) const API: &str = "DEMO_API";
/// Where the tool finds its credential.
const TOKEN: &str = "DEMO_ACCESS_TOKEN";

/// Asks the API who it is, with the credential from the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "the tool stands for a program of the user's"
)]
pub(crate) fn call_api() -> Result<(), Failed> {
    let variable = |name| std::env::var(name).map_err(|_| Failed(format!("{name} is not set")));
    let (api, token) = (variable(API)?, variable(TOKEN)?);
    let answer = Request::get(&format!("{api}/api/me"))
        .header("authorization", &format!("Bearer {token}"))
        .send()
        .map_err(|error| Failed(error.to_string()))?;
    println!(
        "some-tool: the API answered {} {}",
        answer.status,
        String::from_utf8_lossy(&answer.body).trim()
    );
    if answer.status == 200 {
        Ok(())
    } else {
        Err(Failed("the API refused the credential".to_owned()))
    }
}
