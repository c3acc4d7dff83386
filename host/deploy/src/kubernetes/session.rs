//! A cluster, what it serves, and the objects of one application in one environment there.

use plimsoll_core::{ports::Deployment, reference::RepositoryName};
use serde_json::Value;

use super::{
    access::{Cluster, connect, unusable},
    error::KubernetesError,
    identity::Owner,
    images::set_images,
    kinds::{Kind, Kinds},
    manifest::{Manifest, ObjectKey},
    objects::{Manner, Objects, Placed},
    options::KubernetesOptions,
    record::Record,
    refusal::{Reason, Refusal},
    requests::at_first,
    rollout::RolloutOptions,
    sources::{self, ChartContext, refuse_twins},
};

/// Everything that one look at a cluster, or one change, needs.
pub(super) struct Session<'a> {
    pub(super) options: &'a KubernetesOptions,
    pub(super) cluster: Cluster,
    pub(super) objects: Objects,
    pub(super) kinds: Kinds,
    pub(super) owner: Owner,
    /// The namespace of objects that name none.
    pub(super) namespace: String,
    repository: RepositoryName,
    /// The version of the cluster.
    version: String,
}

impl<'a> Session<'a> {
    /// Connects, and asks what the cluster serves.
    pub(super) async fn open(
        options: &'a KubernetesOptions,
        repository: &RepositoryName,
    ) -> Result<Self, KubernetesError> {
        let cluster = connect(&options.access).await?;
        let failed = |error: kube::Error| unusable(&cluster.server, &error);
        let version = at_first(|| cluster.client.apiserver_version());
        let (version, kinds) = tokio::try_join!(version, Kinds::discover(&cluster.client)).map_err(failed)?;
        let version = version.git_version;
        Ok(Self {
            options,
            objects: Objects { client: cluster.client.clone() },
            kinds,
            owner: Owner::new(&options.environment, repository),
            namespace: options.namespace.clone().unwrap_or_else(|| cluster.namespace.clone()),
            repository: repository.clone(),
            version,
            cluster,
        })
    }

    /// The manifests as they are applied: with the image, in their namespaces, marked as ours.
    pub(super) async fn manifests(
        &mut self,
        digest: &str,
        deployment: Option<&Deployment>,
    ) -> Result<Vec<Placed>, KubernetesError> {
        let context = ChartContext {
            release: self.repository.path().rsplit('/').next().unwrap_or_default().to_owned(),
            namespace: self.namespace.clone(),
            kubernetes: self.version.clone(),
            kinds: self.kinds.for_charts(),
        };
        let mut manifests = sources::read(&self.options.manifests, &context).await?;
        set_images(&mut manifests, &self.options.image_paths, &self.repository, digest)?;
        for manifest in &mut manifests {
            self.owner.mark(&mut manifest.object, deployment);
        }
        let placed = self.place(manifests)?;
        refuse_twins(placed.iter().map(|one| &one.manifest))?;
        Ok(placed)
    }

    /// Finds the kind of each object, and fills in its namespace.
    pub(super) fn place(&mut self, manifests: Vec<Manifest>) -> Result<Vec<Placed>, KubernetesError> {
        self.kinds.learn(&manifests);
        let (mut placed, mut refusals) = (Vec::new(), Vec::new());
        for mut manifest in manifests {
            let Some(kind) = self.kinds.find(&manifest.kind) else {
                let version = manifest.kind.api_version();
                refusals.push(Refusal {
                    object: manifest.key(),
                    origin: Some(manifest.origin),
                    reason: Reason::UnknownKind(format!(
                        "the cluster knows no {} of {version}",
                        manifest.kind.kind
                    )),
                });
                continue;
            };
            let namespace = manifest.key().namespace.unwrap_or_else(|| self.namespace.clone());
            manifest.set_namespace(kind.namespaced.then_some(namespace.as_str()));
            placed.push(Placed { manifest, kind });
        }
        if refusals.is_empty() { Ok(placed) } else { Err(KubernetesError::Refused { refusals }) }
    }

    /// Reads what the cluster remembers.
    pub(super) async fn record(&self) -> Result<Record, KubernetesError> {
        let (name, namespace) = (self.owner.record_name(), self.namespace.clone());
        let key = self.record_key();
        let secret = self.objects.get(&Kind::secret(), &key).await;
        match secret.map_err(|error| self.refused(key, &error))? {
            None => Ok(Record::default()),
            Some(secret) => Record::from_secret(&secret).map_err(|problem| KubernetesError::Record {
                name,
                namespace,
                problem: problem.to_owned(),
            }),
        }
    }

    /// The Secret that holds a record, and whether the last healthy configuration is in it.
    pub(super) fn secret(&self, record: &Record) -> (Value, bool) {
        record.to_secret(&self.owner.record_name(), &self.namespace, &self.owner)
    }

    /// Writes a record; whether the last healthy configuration fits into it.
    pub(super) async fn write(&self, record: &Record) -> Result<bool, KubernetesError> {
        let (secret, whole) = self.secret(record);
        let manner = Manner { dry_run: false, force: true };
        let written = self.objects.apply(&Placed::record(secret), manner).await;
        written.map_err(|error| self.refused(self.record_key(), &error))?;
        Ok(whole)
    }

    /// The key of the Secret that holds the record.
    pub(super) fn record_key(&self) -> ObjectKey {
        ObjectKey {
            group: String::new(),
            kind: "Secret".to_owned(),
            namespace: Some(self.namespace.clone()),
            name: self.owner.record_name(),
        }
    }

    /// One refused request; or, when the cluster cannot be asked at all, that.
    pub(super) fn refused(&self, object: ObjectKey, error: &kube::Error) -> KubernetesError {
        match error {
            kube::Error::Api(status) if status.code != 401 => {
                KubernetesError::Refused { refusals: vec![Refusal::new(object, None, error)] }
            }
            error => unusable(&self.cluster.server, error),
        }
    }

    /// Where the objects are, for people.
    pub(super) fn location(&self) -> String {
        let server = self.cluster.server.trim_end_matches('/');
        format!("namespace {} on {server}", self.namespace)
    }

    /// How the rollout is watched.
    pub(super) fn rollout(&self) -> RolloutOptions {
        RolloutOptions { timeout: self.options.rollout_timeout, ready_when: self.options.ready_when.clone() }
    }
}
