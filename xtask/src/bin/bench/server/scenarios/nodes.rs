//! `nodes`: how much later other nodes deliver than the node of the senders, at a steady rate. One stream of the senders'
//! node is opened before the streams of the other nodes, and one after them: the difference between these two is the
//! control, which shows what the order of the streams does to the figures.

use std::time::Duration;

use super::{
    super::{
        Result,
        report::Row,
        subscribers::Arrival,
        target::Target,
        workload::{Workload, send_messages},
    },
    Plan, percentile_of,
};

/// 500 messages a second.
const EVERY: Duration = Duration::from_millis(2);
/// Enough to keep that pace on a disk that takes 10 ms to sync. Messages may overtake each other, so only the differences
/// between streams count.
const SENDERS: usize = 16;

pub(super) fn run(plan: &Plan) -> Result<Vec<Row>> {
    let store = plan.store.with_nodes(2)?;
    let messages = plan.pick(5000, 50);
    let row = |what, goal| Row { size: format!("{} nodes, 500/s", store.nodes()), what, goal, ..Row::default() };
    let mut other = [
        row("ms later on another node, p50", ""),
        row("ms later on another node, p99", "≤ 2 ms"),
        row("ms later on another node, longest", ""),
    ];
    let mut control = [
        row("control: ms later on the same node, p50", ""),
        row("control: ms later on the same node, p99", ""),
        row("control: ms later on the same node, longest", ""),
    ];
    let mut pace = row("messages/s", "500/s");
    let mut target = Target::server(&store, SENDERS)?;
    // Streams take turns: the first and the last are on the first node.
    let last = store.nodes();
    let mut load = target.load(last + 1, 0)?;
    load.stay_on_first_node();
    target.add_senders(&mut load, SENDERS)?;
    send_messages(&mut target, &mut load, Workload { messages: 20, every: None })?;
    for _ in 0..plan.runs {
        let measured = send_messages(&mut target, &mut load, Workload { messages, every: Some(EVERY) })?;
        let (same, others) = later_than_first(&measured.arrivals, last);
        push_percentiles(&mut other, &others);
        push_percentiles(&mut control, &same);
        pace.ours.push(messages as f64 / measured.acknowledged_after.as_secs_f64());
        pace.tally += measured.tally;
    }
    Ok(other.into_iter().chain(control).chain([pace]).collect())
}

/// How many ms later than on the first stream messages arrived: on the last stream, and on those between.
fn later_than_first(arrivals: &[Arrival], last: usize) -> (Vec<f64>, Vec<f64>) {
    let messages = arrivals.iter().map(|arrival| arrival.message + 1).max().unwrap_or(0);
    let mut first = vec![None; messages];
    for arrival in arrivals.iter().filter(|arrival| arrival.stream == 0) {
        first[arrival.message] = Some(arrival.delay);
    }
    let (mut same, mut others) = (Vec::new(), Vec::new());
    for arrival in arrivals.iter().filter(|arrival| arrival.stream > 0) {
        if let Some(first) = first[arrival.message] {
            let later = (arrival.delay.as_secs_f64() - first.as_secs_f64()) * 1e3; // both count from the same send
            if arrival.stream == last { same.push(later) } else { others.push(later) }
        }
    }
    (same, others)
}

fn push_percentiles(rows: &mut [Row; 3], figures: &[f64]) {
    for (row, percent) in rows.iter_mut().zip([50, 99, 100]) {
        row.ours.push(percentile_of(figures.to_vec(), percent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_compared_with_that_of_the_same_message_on_the_first_stream() {
        let arrival = |stream, message, ms| Arrival { stream, message, delay: Duration::from_millis(ms) };
        let arrivals = [
            arrival(1, 0, 2),
            arrival(0, 0, 3),
            arrival(2, 0, 4),
            arrival(0, 1, 9),
            arrival(1, 1, 14),
            arrival(2, 2, 1),
        ];
        let (same, others) = later_than_first(&arrivals, 2);
        let rounded = |figures: Vec<f64>| figures.iter().map(|ms| ms.round()).collect::<Vec<_>>();
        assert_eq!((rounded(same), rounded(others)), (vec![1.0], vec![-1.0, 5.0]));
    }
}
