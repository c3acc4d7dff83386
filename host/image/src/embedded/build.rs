//! Building the planned stages, one after the other.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use plimsoll_core::{
    digest::Digest,
    ports::{BuildRequest, BuiltImage, Platform},
    reference::ImageReference,
};
use plimsoll_layout::Layout;

use super::{
    output,
    settings::{self, Given},
    stage::{Rootfs, StageState},
};
use crate::{
    archive,
    cache::Cache,
    context::Context,
    copy::{self, Copier, Destination, Found},
    dockerfile::{self, Base, Instruction, Kind, Origin, Plan, Problem, Source, Word},
    dockerignore::Ignore,
    error::ImageError,
    files::{Content, Files, Kind as NodeKind, Node, clamp},
    layer::{Entries, LayerBlob},
    layer_format,
    owner::{Owner, parse_mode},
    parts,
};

/// Arguments that need no declaration (Dockerfile reference, "Predefined ARGs"), in upper case; lower case counts too.
const PREDEFINED: [&str; 5] = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/// An image that the build reads, and its manifest in the layout.
pub(super) type Images = BTreeMap<(ImageReference, Platform), Digest>;

/// Everything a build works with.
pub(super) struct Build {
    pub(super) request: BuildRequest,
    pub(super) plan: Plan,
    pub(super) images: Images,
    pub(super) cache: Cache,
    pub(super) layout: Layout,
    /// Takes lines for people.
    pub(super) say: Box<dyn Fn(String) + Send>,
    /// Takes the digests of layers that are in the layout.
    pub(super) tell: Box<dyn Fn(Digest) + Send + Sync>,
}

/// What an instruction cannot be carried out for: its own mistake, or something around it.
enum Failure {
    Problem(Problem),
    Error(ImageError),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        Self::Error(error)
    }
}

impl Build {
    /// Builds the target and writes its image into the layout.
    pub(super) fn run(self) -> Result<BuiltImage, ImageError> {
        let created = output::rfc3339(self.request.timestamp);
        let context = Context::open(&self.request.context, &self.request.dockerfile)?;
        let mut work =
            Work { build: &self, context, created, stages: BTreeMap::new(), images: BTreeMap::new() };
        for index in 0..=self.plan.target {
            if self.plan.stages[index].needed {
                let state = work.stage(index)?;
                work.stages.insert(index, state);
            }
        }
        let state = work.stages.remove(&self.plan.target).expect("the target is always needed");
        output::write(&self.layout, &self.request, state, &work.created)
    }
}

struct Work<'a> {
    build: &'a Build,
    context: Context,
    created: String,
    stages: BTreeMap<usize, StageState>,
    /// Files of the images that COPY reads.
    images: BTreeMap<(ImageReference, Platform), Rootfs>,
}

impl Work<'_> {
    fn stage(&mut self, index: usize) -> Result<StageState, ImageError> {
        let stage = &self.build.plan.stages[index];
        let mut state = match &stage.base {
            Base::Scratch => StageState::scratch(&stage.platform),
            Base::Image(reference) => {
                let state = self.image(reference, &stage.platform)?;
                if stage.in_image {
                    state.files.layers().iter().for_each(|layer| (self.build.tell)(*layer));
                }
                state
            }
            Base::Stage(earlier) => self.stages[earlier].continued(),
        };
        for (name, value) in &self.build.request.build_arguments {
            if PREDEFINED.contains(&name.to_ascii_uppercase().as_str()) {
                state.arguments.insert(name.clone(), value.clone());
            }
        }
        for instruction in &stage.instructions {
            (self.build.say)(instruction.text.clone());
            self.instruction(index, instruction, &mut state).map_err(|failure| {
                let problem = match failure {
                    Failure::Problem(problem) => problem,
                    Failure::Error(
                        error @ (ImageError::Copy(_)
                        | ImageError::Pattern(_)
                        | ImageError::TooManyLinks { .. }),
                    ) => Problem::new(instruction.at, format!("{}: {error}", instruction.kind.keyword())),
                    Failure::Error(error) => return error,
                };
                problem.in_file(&self.build.request.dockerfile).into()
            })?;
        }
        Ok(state)
    }

    fn image(&self, reference: &ImageReference, platform: &Platform) -> Result<StageState, ImageError> {
        let digest = self.build.images[&(reference.clone(), platform.clone())];
        StageState::image(&self.build.layout, reference, digest)
    }

    fn instruction(
        &mut self,
        stage: usize,
        instruction: &Instruction,
        state: &mut StageState,
    ) -> Result<(), Failure> {
        let entries = match &instruction.kind {
            Kind::Copy(copy) => self.copy(stage, copy, state)?,
            Kind::Workdir(word) => self.work_in(word, state)?,
            kind => {
                settings::apply(kind, state, &|name| self.given(name))?;
                Entries::new()
            }
        };
        let layers = match self.build.plan.stages[stage].in_image {
            true => parts::split(entries),
            false => Vec::new(),
        };
        for (layer, known) in self.make_layers(&layers)? {
            if known {
                (self.build.say)(format!("unchanged: {}", layer.digest));
            }
            state.add_layer(&layer, layer_format::media_type(self.build.request.compression));
            state.config.add_history(&self.created, &instruction.text, true);
        }
        if layers.is_empty() {
            state.config.add_history(&self.created, &instruction.text, false);
        }
        Ok(())
    }

    fn make_layers(&self, layers: &[Entries]) -> Result<Vec<(LayerBlob, bool)>, ImageError> {
        let Build { cache, layout, tell, .. } = self.build;
        let BuildRequest { timestamp, compression, .. } = self.build.request;
        parts::in_turns(layers, |entries| {
            let made = cache.layer(layout, entries, timestamp, compression)?;
            tell(made.0.digest);
            Ok(made)
        })
    }

    fn given(&self, name: &str) -> Given {
        let request = &self.build.request;
        let value = request.build_arguments.get(name).cloned();
        let epoch = || (name == "SOURCE_DATE_EPOCH").then(|| request.timestamp.to_string());
        Given { value: value.or_else(epoch), global: self.build.plan.globals.get(name).cloned() }
    }

    /// WORKDIR: later instructions and the container begin there; it is made when it is missing.
    fn work_in(&self, word: &Word, state: &mut StageState) -> Result<Entries, Failure> {
        let text = state.expand(word)?;
        if text.is_empty() {
            return Err(Problem::new(word.at, "WORKDIR needs a path").into());
        }
        let path = Path::new("/").join(clamp(&state.working_directory().join(text)));
        state.config.set("WorkingDir", path.to_string_lossy().into());
        let user = state.config.text("User").to_owned();
        let tree = state.files.load(&self.build.cache, &self.build.layout)?;
        let place = crate::files::resolve(tree, &path, true)?;
        if place.as_os_str().is_empty() || tree.get(&place).is_some_and(Node::is_directory) {
            return Ok(Entries::new());
        }
        let owner = Some(Owner::parse(&user, tree, &self.build.layout)?);
        let exclude = Ignore::default();
        let mut copier = Copier {
            files: &self.context,
            tree,
            owner,
            mode: None,
            exclude: &exclude,
            entries: Entries::new(),
        };
        copier.make_directories(&place)?;
        Ok(copier.entries)
    }

    fn copy(
        &mut self,
        stage: usize,
        copy: &dockerfile::Copy,
        state: &mut StageState,
    ) -> Result<Entries, Failure> {
        let expand = |word: &Option<Word>| word.as_ref().map(|word| state.expand(word)).transpose();
        let (owner, mode) = (expand(&copy.owner)?, expand(&copy.mode)?);
        let destination = state.expand(&copy.destination)?;
        let exclude: Vec<String> =
            copy.exclude.iter().map(|word| state.expand(word)).collect::<Result<_, _>>()?;
        let exclude = Ignore::from_patterns(exclude.iter().map(String::as_str)).map_err(ImageError::from)?;
        let build = self.build;
        let origin = build.plan.origin(stage, copy)?;
        let files: &dyn Files = self.files(&origin, stage)?;
        let mut found = Vec::new();
        for source in &copy.sources {
            found.extend(find(source, copy, state, files)?);
        }
        let (cache, layout) = (&build.cache, &build.layout);
        let directory = state.working_directory();
        let tree = state.files.load(cache, layout)?;
        let to = Destination::new(&destination, &directory, tree)?;
        to.check_several(copy.sources.len(), found.len(), tree)?;
        if found.is_empty() {
            return Err(ImageError::Copy(format!("nothing in {} matches", files.name())).into());
        }
        let owner = owner.map(|owner| Owner::parse(&owner, tree, layout)).transpose()?;
        let mode = mode.map(|mode| parse_mode(&mode)).transpose()?;
        let mut copier = Copier { files, tree, owner, mode, exclude: &exclude, entries: Entries::new() };
        for found in found {
            copier.copy(found, &to)?;
        }
        Ok(copier.entries)
    }

    /// The files that COPY reads.
    fn files(&mut self, origin: &Origin, stage: usize) -> Result<&dyn Files, ImageError> {
        let (cache, layout) = (&self.build.cache, &self.build.layout);
        Ok(match origin {
            Origin::Context => &self.context,
            Origin::Stage(earlier) => {
                let state =
                    self.stages.get_mut(earlier).expect("stages that are read are needed and come earlier");
                state.files.load(cache, layout)?
            }
            Origin::Image(reference) => {
                let key = (reference.clone(), self.build.plan.stages[stage].platform.clone());
                if !self.images.contains_key(&key) {
                    let files = self.image(&key.0, &key.1)?.files;
                    self.images.insert(key.clone(), files);
                }
                self.images.get_mut(&key).expect("it was put in above").load(cache, layout)?
            }
        })
    }
}

/// What one source of COPY or ADD means.
fn find(
    source: &Source,
    copy: &dockerfile::Copy,
    state: &StageState,
    files: &dyn Files,
) -> Result<Vec<Found>, Failure> {
    let word = match source {
        Source::Path(word) => word,
        Source::Inline(document, template) => {
            let content = if document.expand {
                let value = template.expand(&|name| state.variable(name));
                value.map_err(|message| Failure::Error(ImageError::Copy(message)))?
            } else {
                document.content.clone()
            };
            let kind = NodeKind::File(Content::Bytes(content.into_bytes()));
            let node = Node { kind, mode: 0o644, user: 0, group: 0, attributes: Vec::new() };
            return Ok(vec![Found { name: document.name.clone().into(), path: PathBuf::new(), node }]);
        }
    };
    let text = state.expand(word)?;
    if copy.is_add && dockerfile::is_remote(&text) {
        let message = format!("the embedded builder does not fetch `{text}`");
        return Err(Problem::for_engine(word.at, &message).into());
    }
    let found = copy::find(files, &text).map_err(|error| match error {
        ImageError::Copy(message) => Failure::Problem(Problem::new(word.at, message)),
        error => Failure::Error(error),
    })?;
    for each in &found {
        if copy.is_add && is_archive(&each.node)? {
            let message = format!(
                "the embedded builder does not unpack archives, and ADD would unpack `{text}` (COPY takes it as it is)"
            );
            return Err(Problem::for_engine(word.at, &message).into());
        }
    }
    Ok(found)
}

/// Whether ADD would unpack this file.
fn is_archive(node: &Node) -> Result<bool, ImageError> {
    let NodeKind::File(Content::Host(path, _)) = &node.kind else { return Ok(false) };
    let mut file = File::open(path).map_err(ImageError::io("read", path))?;
    let mut beginning = Vec::new();
    file.by_ref().take(archive::ENOUGH).read_to_end(&mut beginning).map_err(ImageError::io("read", path))?;
    Ok(archive::is_archive(&beginning))
}
