"""What a run tells machines while it goes and when it ends: the lines of its log, its figures, its spans.

Nobody here decides anything about a run, and nothing here can stop one: what cannot be told becomes a trouble of the
run's entry. Engine and backends do not know this room; they speak to an :class:`u8sync.ports.Observer`.
"""
