// Keys of PostgreSQL's advisory locks. They share one number space per database, so all of ours are listed here.

export const LOCKS = { leader: 7_455_401, dispatch: 7_455_402, migrate: 7_455_403 } as const
