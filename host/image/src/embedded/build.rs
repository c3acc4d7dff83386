//! Building the planned stages, one after the other, for one platform after the other.

use std::{collections::BTreeMap, path::Path};

use plimsoll_core::{
    digest::Digest,
    ports::{BuildRequest, BuiltImage, Platform},
    reference::ImageReference,
};
use plimsoll_layout::Layout;

use super::{
    bases::Images,
    elsewhere::Elsewhere,
    failure::Failure,
    output::{self, PlatformImage},
    settings::{self, Given},
    stage::{Rootfs, StageState},
};
use crate::{
    cache::Cache,
    context::Context,
    copy::Copier,
    dockerfile::{Base, Instruction, Kind, Origin, Plan, Problem, Word},
    dockerignore::Ignore,
    error::ImageError,
    files::{Files, Node, clamp},
    layer::{Entries, LayerBlob},
    layer_format,
    owner::Owner,
    parts,
};

/// Everything a build works with.
pub(super) struct Build {
    pub(super) request: BuildRequest,
    /// A plan for each platform of the request, in its order.
    pub(super) plans: Vec<Plan>,
    pub(super) images: Images,
    pub(super) cache: Cache,
    pub(super) layout: Layout,
    /// What ADD reads from elsewhere.
    pub(super) elsewhere: Elsewhere,
    /// Takes lines for people.
    pub(super) say: Box<dyn Fn(String) + Send + Sync>,
    /// Takes the digests of layers that are in the layout.
    pub(super) tell: Box<dyn Fn(Digest) + Send + Sync>,
}

impl Build {
    /// Builds the target for every platform and writes the image into the layout. One platform comes after the other:
    /// each uses all processors for its layers, and finds those that it shares with an earlier one in the cache.
    pub(super) fn run(self) -> Result<BuiltImage, ImageError> {
        let context = Context::open(&self.request.context, &self.request.dockerfile)?;
        let images = self.plans.iter().map(|plan| self.image(plan, &context)).collect::<Result<_, _>>()?;
        output::finish(&self.layout, &self.request, images)
    }

    /// Builds the target for the platform of a plan.
    fn image(&self, plan: &Plan, context: &Context) -> Result<PlatformImage, ImageError> {
        let created = output::rfc3339(self.request.timestamp);
        let (stages, images) = (BTreeMap::new(), BTreeMap::new());
        let mut work = Work { build: self, plan, context, created, stages, images };
        for index in 0..=plan.target {
            if plan.stages[index].needed {
                let state = work.stage(index)?;
                work.stages.insert(index, state);
            }
        }
        let state = work.stages.remove(&plan.target).expect("the target is always needed");
        output::write(&self.layout, &self.request, &plan.platform, state, &work.created)
    }
}

/// The work for one platform.
pub(super) struct Work<'a> {
    pub(super) build: &'a Build,
    pub(super) plan: &'a Plan,
    context: &'a Context,
    created: String,
    stages: BTreeMap<usize, StageState>,
    /// Files of the images that COPY reads.
    images: BTreeMap<(ImageReference, Platform), Rootfs>,
}

impl Work<'_> {
    fn stage(&mut self, index: usize) -> Result<StageState, ImageError> {
        let stage = &self.plan.stages[index];
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
        for (number, instruction) in stage.all().enumerate() {
            self.say(&instruction.text);
            let Err(failure) = self.instruction(index, instruction, &mut state) else { continue };
            let mut problem = failure.at(instruction)?;
            if number < stage.triggers.len() {
                problem.message = format!("the base's `ONBUILD {}`: {}", instruction.text, problem.message);
            }
            return Err(problem.in_file(&self.build.request.dockerfile).into());
        }
        Ok(state)
    }

    /// Tells people a line, which says the platform when there are several.
    fn say(&self, line: &str) {
        let several = self.build.plans.len() > 1;
        let line = if several { format!("{}: {line}", self.plan.platform) } else { line.to_owned() };
        (self.build.say)(line);
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
        let layers = match self.plan.stages[stage].in_image {
            true => parts::split(entries),
            false => Vec::new(),
        };
        let is_empty = layers.is_empty();
        for (layer, known) in self.make_layers(layers)? {
            if known {
                self.say(&format!("unchanged: {}", layer.digest));
            }
            state.add_layer(&layer, layer_format::media_type(self.build.request.compression));
            state.config.add_history(&self.created, &instruction.text, true);
        }
        if is_empty {
            state.config.add_history(&self.created, &instruction.text, false);
        }
        Ok(())
    }

    fn make_layers(&self, layers: Vec<Entries>) -> Result<Vec<(LayerBlob, bool)>, ImageError> {
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
        Given { value: value.or_else(epoch), global: self.plan.globals.get(name).cloned() }
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
        tree.begin_layer();
        Copier { tree, owner, mode: None, exclude: &exclude }.make_directories(&place)?;
        Ok(tree.layer())
    }

    /// The files that COPY reads.
    pub(super) fn files(&mut self, origin: &Origin) -> Result<&dyn Files, ImageError> {
        let (cache, layout) = (&self.build.cache, &self.build.layout);
        Ok(match origin {
            Origin::Context => self.context,
            Origin::Stage(earlier) => {
                let state =
                    self.stages.get_mut(earlier).expect("stages that are read are needed and come earlier");
                state.files.load(cache, layout)?
            }
            Origin::Image(reference) => {
                let key = (reference.clone(), self.plan.platform.clone());
                if !self.images.contains_key(&key) {
                    let files = self.image(&key.0, &key.1)?.files;
                    self.images.insert(key.clone(), files);
                }
                self.images.get_mut(&key).expect("it was put in above").load(cache, layout)?
            }
        })
    }
}
