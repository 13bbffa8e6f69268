"""
The hub: feeds in, one log, subscribers out.

`hub.Hub` puts the parts together: a `runner.Runner` per feed, the `recorder.Recorder` that writes, the
`fanout.Fanout` that delivers to `subscriber.Subscriber`s, and `presence.Presence`. It knows no server and no screen.
"""
