// The trainer's end of the wire to its worker: typed, versioned, and ordered. Sending is awaited, so a trainer that
// talks faster than its worker listens is slowed down, and nothing is lost when it exits.
import { IPC_VERSION, type TrainerToWorker, type WorkerToTrainer } from '@stillhouse/spec'

type WithoutVersion<T> = T extends unknown ? Omit<T, 'version'> : never

/** A message to the worker, as the engine yields it; the channel adds the version. */
type TrainerMessage = WithoutVersion<TrainerToWorker>

export interface Channel {
  /** Resolves when the message is handed to the operating system. A closed channel is no error: the process ends then. */
  send(message: TrainerMessage): Promise<void>
}

/** What the channel needs of `process`, so that a test can stand in for it. */
export interface IpcProcess {
  send?(message: unknown, handle: undefined, options: undefined, callback: (error: Error | null) => void): boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
}

/** The worker speaks another version of the protocol: they are not from the same build. */
export class ProtocolError extends Error {
  constructor(received: unknown) {
    super(
      `The worker and the trainer are not from the same build: expected messages of version ${IPC_VERSION}, received ${JSON.stringify(received)?.slice(0, 200)}. Deploy both together.`,
    )
    this.name = 'ProtocolError'
  }
}

/** Opens the channel of a forked process. `receive` gets only messages of this version; others go to `refuse`. */
export function openChannel(
  ipc: IpcProcess,
  receive: (message: WorkerToTrainer) => void,
  refuse: (error: ProtocolError) => void,
): Channel {
  ipc.on('message', (message) => {
    if (isOurs(message)) receive(message)
    else refuse(new ProtocolError(message))
  })
  return {
    send: (message) =>
      new Promise((resolve) => {
        const versioned: TrainerToWorker = { ...message, version: IPC_VERSION }
        if (ipc.send) ipc.send(versioned, undefined, undefined, () => resolve())
        else resolve()
      }),
  }
}

function isOurs(message: unknown): message is WorkerToTrainer {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    'version' in message &&
    message.version === IPC_VERSION
  )
}
