// Writes the audit entry of a change, in the transaction of the change.
import type { NewAuditEntry, Tables } from '@stillhouse/db'
import type { Caller } from './job-service.ts'

type Change = Pick<NewAuditEntry, 'action' | 'target' | 'teamId'> & Partial<Pick<NewAuditEntry, 'detail'>>

export async function record(tx: Tables, { keyId, keyName, requestId }: Caller, change: Change): Promise<void> {
  await tx.audit.insert({ detail: {}, ...change, keyId, keyName, requestId })
}
