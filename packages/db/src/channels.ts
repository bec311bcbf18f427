// Channels of PostgreSQL's LISTEN and NOTIFY: how processes wake each other.

export const CHANNELS = {
  /** A job has new events; payload: its id. */
  job: 'stillhouse_job',
  /** The dispatcher or the relay may have something to do. */
  work: 'stillhouse_work',
} as const
