// The stillhouse command: one file per command, everything over HTTP through the typed client.
import { STILLHOUSE_VERSION } from '@stillhouse/kit'
import { Command } from 'commander'
import { addAudit } from './commands/audit.ts'
import { addCancel } from './commands/cancel.ts'
import { addCatalog } from './commands/catalog.ts'
import { addChangeWorkers } from './commands/change-workers.ts'
import { addDemo } from './commands/demo.ts'
import { addDoctor } from './commands/doctor.ts'
import { addKey } from './commands/key.ts'
import { addLogs } from './commands/logs.ts'
import { addLs } from './commands/ls.ts'
import { addMends } from './commands/mends.ts'
import { addPriority } from './commands/priority.ts'
import { addPull } from './commands/pull.ts'
import { addQueue } from './commands/queue.ts'
import { addReconcile } from './commands/reconcile.ts'
import { addRetry } from './commands/retry.ts'
import { addShow } from './commands/show.ts'
import { addSubmit } from './commands/submit.ts'
import { addTeam } from './commands/team.ts'
import { addUp } from './commands/up.ts'
import { addUploadData } from './commands/upload-data.ts'
import { addValidate } from './commands/validate.ts'
import { addWatch } from './commands/watch.ts'
import { addWebhook } from './commands/webhook.ts'
import { addWhoami } from './commands/whoami.ts'
import { addWorkers } from './commands/workers.ts'
import { reportError } from './report-error.ts'

const program = new Command('stillhouse')
  .description('Make small models out of big ones: describe it in one file, submit it, get the model back.')
  .version(STILLHOUSE_VERSION)

for (const add of [
  addUp,
  addSubmit,
  addValidate,
  addLs,
  addQueue,
  addShow,
  addWatch,
  addLogs,
  addCancel,
  addRetry,
  addPriority,
  addPull,
  addUploadData,
  addCatalog,
  addWhoami,
  addTeam,
  addKey,
  addWebhook,
  addAudit,
  addWorkers,
  addChangeWorkers,
  addMends,
  addReconcile,
  addDoctor,
  addDemo,
])
  add(program)

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportError(error, process.argv.includes('--json'))
}
