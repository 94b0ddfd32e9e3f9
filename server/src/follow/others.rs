//! Which users have a stream on any other server, as the rows of those servers say.

use std::collections::{BTreeSet, HashMap, HashSet};

use quchat_shared::UserId;

use crate::store::{OnlineChange, OnlineChanges, OnlinePosition};

/// Most users that are followed; further ones count as offline.
const USERS_MAX: usize = 500_000;

/// What is known of the other servers.
#[derive(Debug, Default)]
pub(super) struct Others {
    nodes: HashMap<i64, Node>,
    /// On how many servers each user has a stream.
    users: HashMap<UserId, usize>,
}

#[derive(Debug, Default)]
struct Node {
    position: OnlinePosition,
    users: HashSet<UserId>,
    /// Users of before the rows began anew. Those that have not come again once all rows are read have gone.
    unconfirmed: HashSet<UserId>,
}

/// What has changed, for all servers together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) came: BTreeSet<UserId>,
    pub(super) went: BTreeSet<UserId>,
    /// There is more to read.
    pub(super) is_more: bool,
    /// A server is not alive any more.
    pub(super) has_died: bool,
}

impl Others {
    /// How far the rows of each server have been read.
    pub(super) fn positions(&self) -> impl Iterator<Item = (i64, OnlinePosition)> {
        self.nodes.iter().map(|(&node, known)| (node, known.position))
    }

    /// Has all rows read anew. Nobody goes if they say the same.
    pub(super) fn read_anew(&mut self) {
        for node in self.nodes.values_mut() {
            node.position = OnlinePosition::default();
            node.begin_anew();
        }
    }

    /// Takes up to `limit` changes of each server that is alive.
    pub(super) fn take(&mut self, alive: Vec<OnlineChanges>, limit: usize) -> Moves {
        let mut moves = Moves::default();
        let mut dead = std::mem::take(&mut self.nodes);
        for OnlineChanges { node: id, changes } in alive {
            let mut node = dead.remove(&id).unwrap_or_default();
            let is_all = changes.len() < limit;
            for (position, change) in changes {
                node.position = position;
                match change {
                    OnlineChange::Anew => node.begin_anew(),
                    OnlineChange::Came(user) => self.come(&mut node, user, &mut moves),
                    OnlineChange::Went(user) => {
                        if node.users.remove(&user) || node.unconfirmed.remove(&user) {
                            self.go(user, &mut moves);
                        }
                    }
                }
            }
            if is_all {
                std::mem::take(&mut node.unconfirmed).into_iter().for_each(|user| self.go(user, &mut moves));
            }
            moves.is_more |= !is_all;
            self.nodes.insert(id, node);
        }
        moves.has_died = !dead.is_empty();
        let of_dead = dead.into_values().flat_map(|node| node.users.into_iter().chain(node.unconfirmed));
        of_dead.for_each(|user| self.go(user, &mut moves));
        moves
    }

    fn come(&mut self, node: &mut Node, user: UserId, moves: &mut Moves) {
        let is_known = node.unconfirmed.remove(&user) || node.users.contains(&user);
        if !is_known {
            if self.users.len() >= USERS_MAX && !self.users.contains_key(&user) {
                return;
            }
            let streams = self.users.entry(user).or_default();
            *streams += 1;
            if *streams == 1 && !moves.went.remove(&user) {
                moves.came.insert(user);
            }
        }
        node.users.insert(user);
    }

    fn go(&mut self, user: UserId, moves: &mut Moves) {
        let Some(streams) = self.users.get_mut(&user) else { return };
        *streams -= 1;
        if *streams == 0 {
            self.users.remove(&user);
            if !moves.came.remove(&user) {
                moves.went.insert(user);
            }
        }
    }
}

impl Node {
    fn begin_anew(&mut self) {
        self.unconfirmed.extend(self.users.drain());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 10;

    use OnlineChange::{Anew, Came, Went};

    const ALICE: UserId = UserId(1);
    const BOB: UserId = UserId(2);
    const CAROL: UserId = UserId(3);

    fn on(node: i64, changes: &[OnlineChange]) -> OnlineChanges {
        let positions = (1..).map(|version| OnlinePosition { version, user: 0 });
        OnlineChanges { node, changes: positions.zip(changes.iter().copied()).collect() }
    }

    fn moves(came: &[UserId], went: &[UserId]) -> Moves {
        let set = |users: &[UserId]| users.iter().copied().collect();
        Moves { came: set(came), went: set(went), ..Moves::default() }
    }

    #[test]
    fn a_user_is_there_while_any_server_has_a_stream_of_theirs() {
        let mut others = Others::default();
        let came = others.take(vec![on(1, &[Anew, Came(ALICE), Came(BOB)]), on(2, &[Anew, Came(ALICE)])], LIMIT);
        assert_eq!(came, moves(&[ALICE, BOB], &[]));
        assert_eq!(others.take(vec![on(1, &[Went(ALICE), Went(BOB)]), on(2, &[])], LIMIT), moves(&[], &[BOB]));
        assert_eq!(others.take(vec![on(1, &[Went(ALICE)]), on(2, &[Came(ALICE)])], LIMIT), moves(&[], &[]));
        assert_eq!(others.take(vec![on(1, &[]), on(2, &[Went(ALICE)])], LIMIT), moves(&[], &[ALICE]));
        assert!(others.users.is_empty());
    }

    #[test]
    fn whoever_moves_from_one_server_to_another_has_not_gone() {
        let mut others = Others::default();
        others.take(vec![on(1, &[Came(ALICE)]), on(2, &[])], LIMIT);
        assert_eq!(others.take(vec![on(1, &[Went(ALICE)]), on(2, &[Came(ALICE)])], LIMIT), moves(&[], &[]));
        assert_eq!(others.take(vec![on(1, &[Came(ALICE)]), on(2, &[Went(ALICE)])], LIMIT), moves(&[], &[]));
    }

    #[test]
    fn users_of_a_server_that_died_have_gone_unless_they_are_elsewhere() {
        let mut others = Others::default();
        others.take(vec![on(1, &[Came(ALICE), Came(BOB)]), on(2, &[Came(ALICE)])], LIMIT);
        let died = Moves { has_died: true, ..moves(&[CAROL], &[BOB]) };
        assert_eq!(others.take(vec![on(2, &[Came(CAROL)])], LIMIT), died);
        assert_eq!(others.take(vec![on(2, &[])], LIMIT), moves(&[], &[]), "once");
        assert_eq!(others.take(vec![on(1, &[Anew]), on(2, &[])], LIMIT), moves(&[], &[]), "it has nobody any more");
    }

    #[test]
    fn a_server_that_begins_anew_takes_nobody_away_who_is_still_there() {
        let mut others = Others::default();
        others.take(vec![on(1, &[Came(ALICE), Came(BOB)])], LIMIT);
        let anew = [Anew, Came(BOB), Came(CAROL)];
        let part = others.take(vec![on(1, &anew[..2])], 2);
        assert_eq!(part, Moves { is_more: true, ..moves(&[], &[]) }, "she may be in the next part");
        assert_eq!(others.take(vec![on(1, &anew[2..])], 2), moves(&[CAROL], &[ALICE]));
    }

    #[test]
    fn reading_all_anew_changes_nothing_if_nothing_has_changed() {
        let mut others = Others::default();
        let rows = [Anew, Came(ALICE), Came(BOB)];
        others.take(vec![on(1, &rows)], LIMIT);
        assert_eq!(others.positions().collect::<Vec<_>>(), [(1, OnlinePosition { version: 3, user: 0 })]);
        others.read_anew();
        assert_eq!(others.positions().collect::<Vec<_>>(), [(1, OnlinePosition::default())]);
        assert_eq!(others.take(vec![on(1, &rows)], LIMIT), moves(&[], &[]));
        others.read_anew();
        assert_eq!(others.take(vec![on(1, &rows[..2])], LIMIT), moves(&[], &[BOB]));
    }
}
