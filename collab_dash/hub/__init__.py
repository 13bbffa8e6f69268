"""
The hub: feeds in, one log, subscribers out.

`hub.Hub` puts the parts together: a `runner.Runner` for each upstream, the `recorder.Recorder` that writes, the
`fanout.Fanout` that delivers to `subscriber.Subscriber`s, `rules.Rules` that let `alerts.Alerts` fire, the
`shared.Shared` document, `attendance.Attendance` that tells who is here, and `peers.Peers`. It knows no server and no
screen.
"""
