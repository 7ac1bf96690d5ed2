use super::*;

const HOSTS: &str = include_str!("../../../../../tests/fixtures/sigv4/hosts.json");

#[test]
fn hosts_are_where_botocore_says() {
    let hosts: Vec<(String, String, String)> = serde_json::from_str(HOSTS).expect("it is JSON");
    assert!(hosts.len() > 700);
    let mut wrong = Vec::new();
    for (host, region, service) in hosts {
        let place = Place::of(&host);
        if place
            != Some(Place {
                region: region.clone(),
                service: service.clone(),
            })
        {
            wrong.push(format!("{host} {region} {service}: {place:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn hosts_of_resources_are_where_their_names_say() {
    for (host, region, service) in [
        ("bucket.s3.amazonaws.com", "us-east-1", "s3"),
        ("a.b.c.s3.eu-west-1.amazonaws.com", "eu-west-1", "s3"),
        ("bucket.s3-eu-west-1.amazonaws.com", "eu-west-1", "s3"),
        (
            "bucket.s3.dualstack.eu-west-1.amazonaws.com",
            "eu-west-1",
            "s3",
        ),
        ("bucket.s3-accelerate.amazonaws.com", "us-east-1", "s3"),
        (
            "ap-1.s3-accesspoint.eu-west-1.amazonaws.com",
            "eu-west-1",
            "s3",
        ),
        (
            "ap-1.s3-object-lambda.eu-west-1.amazonaws.com",
            "eu-west-1",
            "s3-object-lambda",
        ),
        ("s3.us-gov-west-1.amazonaws.com", "us-gov-west-1", "s3"),
        ("s3.cn-north-1.amazonaws.com.cn", "cn-north-1", "s3"),
        (
            "bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com",
            "eu-west-1",
            "s3",
        ),
        (
            "abc.execute-api.eu-west-1.amazonaws.com",
            "eu-west-1",
            "execute-api",
        ),
        (
            "abc.appsync-api.eu-west-1.amazonaws.com",
            "eu-west-1",
            "appsync",
        ),
        ("search-x.eu-west-1.es.amazonaws.com", "eu-west-1", "es"),
        ("abc.eu-west-1.aoss.amazonaws.com", "eu-west-1", "aoss"),
        (
            "dynamodb-fips.us-east-1.amazonaws.com",
            "us-east-1",
            "dynamodb",
        ),
        ("STS.Amazonaws.COM.", "us-east-1", "sts"),
    ] {
        let place = Place::of(host).expect(host);
        assert_eq!(
            (place.region.as_str(), place.service.as_str()),
            (region, service),
            "{host}"
        );
    }
    for nowhere in [
        "amazonaws.com",
        "api.example",
        "evilamazonaws.com",
        "eu-west-1.amazonaws.com",
        "s3.amazonaws.com.example",
    ] {
        assert_eq!(Place::of(nowhere), None, "{nowhere}");
    }
}
