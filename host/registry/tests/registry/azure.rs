//! Azure's registry, with the identity of a workflow and no password.

use std::fs;

use plimsoll_core::ports::{FailureClass, ImageRepository as _};
use plimsoll_registry::{
    AzureAssertion, AzureClient, AzureWorkload, RegistryHost, RegistryOptions, RegistryRepository,
};
use plimsoll_support::{AzureStandIn, Certificate, DebianRegistry, Requirement, require};
use tempfile::TempDir;

use crate::{
    image::{image, options, registries},
    setting::push,
};

/// What a stand-in needs as long as it runs.
struct Ground {
    folder: TempDir,
    _registry: DebianRegistry,
}

/// Azure, and options for a workflow that GitHub vouches for.
fn azure() -> (Ground, AzureStandIn, RegistryOptions) {
    let (folder, registry) = (TempDir::new().unwrap(), DebianRegistry::start());
    let certificate = Certificate::make(folder.path());
    let azure = AzureStandIn::start(&certificate, registry.address());
    let token = AzureStandIn::REQUEST_TOKEN.into();
    let mut options = options();
    options.idle_timeout = std::time::Duration::from_secs(20);
    options.certificate_authorities = vec![certificate.authority().to_owned()];
    options.azure = AzureWorkload {
        assertion: Some(AzureAssertion::GitHub { url: azure.request_url(), token }),
        client: Some(AzureStandIn::CLIENT.to_owned()),
        tenant: None,
        authority: Some(azure.authority()),
    };
    let tenant = Some(AzureStandIn::TENANT.to_owned());
    let written = Some(AzureClient { client: None, tenant });
    options.hosts.insert(azure.host(), RegistryHost { azure: written, ..RegistryHost::default() });
    (Ground { folder, _registry: registry }, azure, options)
}

fn repository(azure: &AzureStandIn, options: &RegistryOptions) -> RegistryRepository {
    registries(options.clone()).repository(format!("{}/site", azure.host()).parse().unwrap())
}

const IDENTITY: [&str; 3] =
    ["GET /github", "POST /contoso.onmicrosoft.com/oauth2/v2.0/token", "POST /oauth2/exchange"];
const PULL: &str = "POST /oauth2/token repository:site:pull";
const PUSH: &str = "POST /oauth2/token repository:site:pull,push";

#[tokio::test]
async fn a_github_workflow_pushes() {
    require!(Requirement::Registry, Requirement::Openssl);
    let (_ground, azure, options) = azure();
    let repository = repository(&azure, &options);
    push(&repository, &image()).await.unwrap();
    let expected: Vec<_> = IDENTITY.into_iter().chain([PULL, PUSH]).collect();
    assert_eq!(azure.seen(), expected);
}

#[tokio::test]
async fn a_workload_in_kubernetes_reads() {
    require!(Requirement::Registry, Requirement::Openssl);
    let (ground, azure, mut options) = azure();
    let file = ground.folder.path().join("token");
    fs::write(&file, azure.assertion()).unwrap();
    options.azure.assertion = Some(AzureAssertion::File(file));
    assert_eq!(repository(&azure, &options).tags().await.unwrap(), [""; 0]);
    let expected: Vec<_> = IDENTITY.into_iter().skip(1).chain([PULL]).collect();
    assert_eq!(azure.seen(), expected);
}

#[tokio::test]
async fn an_identity_that_ran_out_is_got_anew() {
    require!(Requirement::Registry, Requirement::Openssl);
    let (_ground, azure, options) = azure();
    let repository = repository(&azure, &options);
    assert_eq!(repository.tags().await.unwrap(), [""; 0]);
    azure.expire();
    // The token is refused, and so is what it was got with.
    assert_eq!(repository.tags().await.unwrap(), [""; 0]);
    azure.expire();
    push(&repository, &image()).await.unwrap();
}

#[tokio::test]
async fn whoever_refuses_is_said_and_no_secret_is() {
    require!(Requirement::Registry, Requirement::Openssl);
    let (ground, azure, options) = azure();
    let wrong = |change: &dyn Fn(&mut RegistryOptions)| {
        let mut options = options.clone();
        change(&mut options);
        let repository = repository(&azure, &options);
        async move { repository.tags().await.unwrap_err() }
    };
    let file = ground.folder.path().join("token");
    fs::write(&file, "secret-0").unwrap();

    let failure = wrong(&|options| options.azure.assertion = Some(AzureAssertion::File(file.clone()))).await;
    let text = failure.to_string();
    assert!(text.contains("the Azure identity of the workload"), "{text}");
    assert!(
        text.contains(
            "Microsoft Entra ID refused a token: status 401 (invalid_client: AADSTS700213: No matching"
        ),
        "{text}"
    );
    assert_eq!(failure.class, FailureClass::Configuration);
    assert!(failure.hint.as_ref().unwrap().contains("federated credential"), "{failure:?}");
    assert!(!format!("{failure:?} {text}").contains("secret-"), "{failure:?}");

    let url = azure.request_url();
    let failure = wrong(&|options| {
        options.azure.assertion = Some(AzureAssertion::GitHub { url: url.clone(), token: "other".into() });
    })
    .await;
    assert!(failure.to_string().contains("GitHub refused a token"), "{failure}");
    assert!(failure.hint.unwrap().contains("id-token: write"));

    let failure = wrong(&|options| options.azure.client = None).await;
    assert!(failure.to_string().contains("the client or the tenant is not known"), "{failure}");
    let failure = wrong(&|options| options.azure.assertion = None).await;
    assert!(failure.to_string().contains("none found through an Azure identity"), "{failure}");
    let failure = wrong(&|options| options.azure.authority = Some("http://127.0.0.1/".to_owned())).await;
    assert!(failure.to_string().contains("AZURE_AUTHORITY_HOST is no address with TLS"), "{failure}");
}

#[tokio::test]
async fn a_cloud_that_is_down_is_tried_again() {
    require!(Requirement::Registry, Requirement::Openssl);
    let (_ground, azure, mut options) = azure();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    options.azure.authority = Some(format!("https://{nobody}/"));
    let failure = repository(&azure, &options).tags().await.unwrap_err();
    let text = failure.to_string();
    assert!(
        text.contains("gave up after 3 tries") && text.contains("cannot ask Microsoft Entra ID"),
        "{text}"
    );
    assert_eq!(failure.class, FailureClass::Outside);
}
