//! Refreshes carried out by a process of their own, as the binary does it: whoever asked may die meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex};

use authkeep_core::{BoxFuture, Broker, RefreshError, RefreshOrder, RefreshRunner};

use super::login::Origin;
use super::machine::{Machine, Op};
use super::program::{self, Outcome, Program};
use super::scenario::Scenario;

/// Starts one more process in the machine and waits for it.
pub(super) struct Apart {
    pub(super) machine: Arc<Machine>,
    pub(super) process: usize,
    pub(super) scenario: Scenario,
}

impl fmt::Debug for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Apart(p{})", self.process)
    }
}

type Answer = Arc<Mutex<Option<Result<(), RefreshError>>>>;

impl RefreshRunner for Apart {
    fn run<'a>(
        &'a self,
        _: &'a Broker,
        order: &'a RefreshOrder,
    ) -> BoxFuture<'a, Result<(), RefreshError>> {
        Box::pin(async move { self.ask(order) })
    }
}

impl Apart {
    fn ask(&self, order: &RefreshOrder) -> Result<(), RefreshError> {
        self.machine.step(self.process, Op::Start, |_, _| ());
        let answer = Answer::default();
        let helper = self.start(order.clone(), Arc::clone(&answer));
        let wait = Op::Await(helper);
        // What it learns is the answer, so that goes into its history.
        self.machine.step(self.process, wait, |_, _| {
            format!("{:?}", answer.lock().unwrap())
        });
        let answer = answer.lock().unwrap().take();
        answer.unwrap_or_else(|| {
            Err(RefreshError::NotFinished {
                provider: order.provider.clone(),
                why: "the helper was killed".to_owned(),
            })
        })
    }

    fn start(&self, order: RefreshOrder, answer: Answer) -> usize {
        let scenario = self.scenario;
        program::start(&self.machine, Program::Helper, move |machine, process| {
            let broker = Origin::get().broker(machine, process, scenario);
            let outcome = program::block_on(broker.carry_out(&order));
            *answer.lock().unwrap() = Some(outcome.clone());
            Outcome::Helped(outcome.is_ok())
        })
    }
}
