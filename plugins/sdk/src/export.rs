//! From the traits to the component: what `export!` expands to.

use std::marker::PhantomData;

use crate::{
    guest::bindings,
    policy::{Policy, PromotionPolicy, TaggingPolicy},
    settings,
    types::{Derivation, Description, Failure, PromotionRequest, SettingsProblem, TaggingRequest, Verdict},
};

/// Makes a component of a policy, once in its crate: says which questions it answers.
///
/// ```
/// # use plimsoll_sdk::*;
/// # struct MyPolicy;
/// # impl Policy for MyPolicy {
/// #     const NAME: &'static str = "mine";
/// #     const VERSION: &'static str = "1.0.0";
/// #     const SUMMARY: &'static str = "Mine.";
/// #     type Settings = NoSettings;
/// # }
/// # impl TaggingPolicy for MyPolicy {
/// #     fn derive(_: &TaggingRequest, _: &NoSettings) -> Result<Derivation, Failure> { Err(Failure::new("no")) }
/// # }
/// # impl PromotionPolicy for MyPolicy {
/// #     fn decide(_: &PromotionRequest, _: &NoSettings) -> Result<Verdict, Failure> { Err(Failure::new("no")) }
/// # }
/// // `tagging: MyPolicy` or `promotion: MyPolicy` where it answers one of them.
/// plimsoll_sdk::export!(tagging + promotion: MyPolicy);
/// # fn main() {}
/// ```
///
/// On targets other than WebAssembly it only checks that the traits are there, so that a policy is an ordinary library
/// for its tests.
#[macro_export]
macro_rules! export {
    (tagging: $policy:ty) => {
        $crate::export!(@about $policy);
        $crate::export!(@tagging $policy);
    };
    (promotion: $policy:ty) => {
        $crate::export!(@about $policy);
        $crate::export!(@promotion $policy);
    };
    (tagging + promotion: $policy:ty) => {
        $crate::export!(@about $policy);
        $crate::export!(@tagging $policy);
        $crate::export!(@promotion $policy);
    };
    (@about $policy:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Exported<$policy>;
            $crate::guest::bindings::about::export_about!(
                Exported with_types_in $crate::guest::bindings::about
            );
        };
    };
    (@tagging $policy:ty) => {
        const _: () = $crate::answers_tagging::<$policy>();
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Exported<$policy>;
            $crate::guest::bindings::tagging::export_tagging!(
                Exported with_types_in $crate::guest::bindings::tagging
            );
        };
    };
    (@promotion $policy:ty) => {
        const _: () = $crate::answers_promotion::<$policy>();
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Exported = $crate::Exported<$policy>;
            $crate::guest::bindings::promotion::export_promotion!(
                Exported with_types_in $crate::guest::bindings::promotion
            );
        };
    };
}

/// Compiles for types that derive tags.
pub const fn answers_tagging<P: TaggingPolicy>() {}

/// Compiles for types that decide on promotions.
pub const fn answers_promotion<P: PromotionPolicy>() {}

/// A policy as the generated bindings want it.
#[derive(Debug)]
pub struct Exported<P>(PhantomData<P>);

impl<P: Policy> bindings::about::exports::plimsoll::policy::about::Guest for Exported<P> {
    fn describe() -> Description {
        Description {
            name: P::NAME.to_owned(),
            version: P::VERSION.to_owned(),
            summary: P::SUMMARY.to_owned(),
            settings_schema: settings::schema::<P::Settings>(),
        }
    }

    fn check_settings(text: String) -> Result<(), Vec<SettingsProblem>> {
        settings::check::<P>(&text)
    }
}

impl<P: TaggingPolicy> bindings::tagging::exports::plimsoll::policy::tagging::Guest for Exported<P> {
    fn derive(request: TaggingRequest) -> Result<Derivation, Failure> {
        let answer = P::derive(&request, &settings::parse(&request.settings)?);
        leave(request);
        answer
    }
}

impl<P: PromotionPolicy> bindings::promotion::exports::plimsoll::policy::promotion::Guest for Exported<P> {
    fn decide(request: PromotionRequest) -> Result<Verdict, Failure> {
        let answer = P::decide(&request, &settings::parse(&request.settings)?);
        leave(request);
        answer
    }
}

/// Leaves a value where it is: a component's memory ends with the decision, and taking it apart costs time.
fn leave<T>(value: T) {
    if cfg!(target_arch = "wasm32") {
        std::mem::forget(value);
    }
}
