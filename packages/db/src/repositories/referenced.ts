// Whether a blob is still named anywhere, in the one form that all queries share.
import { Prisma } from '../generated/client.ts'

/** SQL, true when some row names the blob whose digest is in the column `sha256` of the table or alias `of`. */
export function referenced(of: 'stale_blob' | 'blob'): Prisma.Sql {
  const sha256 = Prisma.raw(`${of}.sha256`)
  const named = Prisma.sql`files @> jsonb_build_array(jsonb_build_object('sha256', ${sha256}))`
  return Prisma.sql`(EXISTS (SELECT 1 FROM artifact WHERE artifact.sha256 = ${sha256})
    OR EXISTS (SELECT 1 FROM checkpoint WHERE ${named})
    OR EXISTS (SELECT 1 FROM trained_teacher WHERE ${named})
    OR EXISTS (SELECT 1 FROM uploaded_model WHERE ${named})
    OR EXISTS (SELECT 1 FROM dataset WHERE ${named}))`
}
