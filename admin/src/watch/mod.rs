//! `watch`: conversations, messages, limits, commands and the audit trail on one screen, live.
//!
//! A thread asks the daemon ([`feed`]) and hands over what it answered; [`app`] is the state, changed by keys and by
//! answers alone; [`draw`] shows it. None of the latter two knows a terminal, a socket or a clock.

mod app;
mod cursor;
mod dialog;
mod draw;
mod feed;
#[cfg(test)]
mod fixtures;
mod keys;
mod lines;
mod panes;
mod picker;
mod terminal;
#[cfg(test)]
mod tests;
mod theme;
mod transcript;

use std::sync::mpsc::TryRecvError;

use bridge_daemon::clock;

use crate::cli::Watch;
use crate::failure::{Done, Failure};
use crate::screen::Look;
use crate::signals::{GLANCE, Signals};
use crate::source::paths;
use app::App;
use terminal::Screen;
use theme::Theme;

/// Watches until the person has seen enough.
pub(crate) fn run(look: Look, arguments: Watch) -> Result<Done, Failure> {
    let socket = paths()?.socket;
    let signals = Signals::watch()?;
    let mut screen = Screen::open()?;
    let (asks, updates) = feed::start(socket)?;
    let mut app = App::new(Theme { color: look.color }, look.now, arguments.conversation);
    loop {
        signals.check()?;
        app.tick(clock::now());
        loop {
            match updates.try_recv() {
                Ok(update) => app.apply(update),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Err(feed_ended()),
            }
        }
        for ask in app.take_asks() {
            asks.send(ask).map_err(|_| feed_ended())?;
        }
        if app.take_stale() {
            screen.draw(|frame| draw::draw(frame, &mut app))?;
        }
        if let Some(event) = screen.event(GLANCE)? {
            keys::event(&mut app, &event);
        }
        if app.over {
            return Ok(Done::Well);
        }
    }
}

fn feed_ended() -> Failure {
    Failure::Failed(
        "the part that asks the daemon has ended unexpectedly; start `bridgectl watch` again".to_owned(),
    )
}
