// What repositories run their statements on.
import type { Prisma } from './generated/client.ts'

/** A Prisma client or a transaction of it. */
export type Connection = Prisma.TransactionClient
