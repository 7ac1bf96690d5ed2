//! Region and service of a host: what a signature has to name, where the program has not said it.

/// Where a host is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The region.
    pub region: String,
    /// The service, by its signing name.
    pub service: String,
}

/// Hosts without a region in their name are in this one, or sign as if they were.
const GLOBAL: &str = "us-east-1";
const SUFFIXES: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"];

impl Place {
    /// Where `host` is, going by its name; `None` where that says nothing.
    pub fn of(host: &str) -> Option<Self> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let mut known = SUFFIXES.iter();
        let rest = known.find_map(|suffix| host.strip_suffix(suffix))?;
        let labels: Vec<&str> = rest.split('.').collect();
        let at = labels.iter().rposition(|label| is_region(label));
        let service_at = match at {
            // As in `s3.eu-west-1.vpce`, the name of an endpoint in a network of one's own.
            Some(at) if at > 0 && labels.last() == Some(&"vpce") => at - 1,
            // As in `name.eu-west-1.es`.
            Some(at) if at + 1 < labels.len() => at + 1,
            Some(0) => return None,
            Some(at) if at > 1 && labels[at - 1] == "dualstack" => at - 2,
            Some(at) => at - 1,
            None if labels.last() == Some(&"global") => labels.len().checked_sub(2)?,
            None => labels.len() - 1,
        };
        let label = labels[service_at].trim_end_matches("-fips");
        let before = service_at.checked_sub(1).map(|before| labels[before]);
        // The older form of S3's names, as in `s3-eu-west-1`.
        let old = label.strip_prefix("s3-").filter(|rest| is_region(rest));
        let region = at.map(|at| labels[at]).or(old).unwrap_or(GLOBAL);
        let service = match (before, label) {
            _ if old.is_some() => "s3",
            (Some(before), label) => signing_name(&format!("{before}.{label}"))
                .or_else(|| signing_name(label))
                .unwrap_or(label),
            (None, label) => signing_name(label).unwrap_or(label),
        };
        Some(Self {
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }

    /// Whether programs of strangers may get requests that are sent to this service, with their signatures.
    pub(super) fn is_strangers(&self) -> bool {
        matches!(self.service.as_str(), "execute-api" | "appsync")
    }
}

/// As in `eu-west-1` or `us-gov-east-1`.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let area = parts.next().unwrap_or_default();
    let number = parts.next_back().unwrap_or_default();
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let directions: Vec<&str> = parts.collect();
    (2..=4).contains(&area.len())
        && is_word(area)
        && !directions.is_empty()
        && directions.iter().all(|part| is_word(part))
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// The signing name of a service whose hosts are called otherwise.
fn signing_name(label: &str) -> Option<&'static str> {
    let mut named = NAMES.iter();
    let (name, _) = named.find(|(_, labels)| labels.split(' ').any(|known| known == label))?;
    Some(name)
}

/// Signing names, and the labels of hosts that stand for them.
const NAMES: &[(&str, &str)] = &[
    ("s3", "s3-accelerate s3-accesspoint s3-control"),
    ("IoTSecuredTunneling", "tunneling.iot"),
    ("account-access", "account-access-runtime"),
    ("agent-registry", "agent-registry-control"),
    ("appconfig", "appconfigdata"),
    ("appstream", "appstream2"),
    ("appsync", "appsync-api"),
    (
        "aws-marketplace",
        "marketplace agreement-marketplace deployment-marketplace discovery-marketplace reporting-marketplace",
    ),
    ("awsssoportal", "portal.sso"),
    (
        "bedrock",
        "bedrock-agent bedrock-agent-runtime bedrock-data-automation bedrock-data-automation-runtime bedrock-runtime",
    ),
    ("bedrock-agentcore", "bedrock-agentcore-control"),
    ("cassandra", "cassandra-streams"),
    (
        "chime",
        "identity-chime media-pipelines-chime meetings-chime messaging-chime voice-chime",
    ),
    ("cloudhsm", "cloudhsmv2"),
    ("cloudwatch", "cloudwatch-omni"),
    ("cloudsearch", "cloudsearchdomain"),
    ("connect", "contact-lens"),
    ("events", "eventsv2"),
    ("execute-api", "participant.connect"),
    ("forecast", "forecastquery"),
    ("iam", "iam-toolbox"),
    ("iot-jobs-data", "jobs.iot"),
    ("iotdata", "data-ats.iot"),
    ("ivs", "ivsrealtime"),
    ("lex", "models-v2-lex runtime-v2-lex"),
    ("memorydb", "memory-db"),
    ("mgh", "migrationhub-config"),
    ("mobiletargeting", "pinpoint"),
    ("partnercentral", "partnercentral-prm"),
    ("personalize", "personalize-events personalize-runtime"),
    ("servicecatalog", "servicecatalog-appregistry"),
    ("ses", "email mail-manager"),
    ("signer", "data-signer"),
    ("sms-voice", "sms-voice.pinpoint"),
    ("sso-oauth", "oidc"),
];

#[cfg(test)]
mod tests;
