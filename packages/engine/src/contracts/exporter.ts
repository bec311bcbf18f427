// The contract of the export shelf.
import type { ShelfEntry } from './shelf.ts'
import type { LayersModel, Tensor, Tf } from './tf.ts'

export interface ExportRequest {
  readonly tf: Tf
  /** Stock layers, logits as output. */
  readonly model: LayersModel
  /** Existing empty folder. */
  readonly dir: string
  readonly params: unknown
}

export interface Exporter extends ShelfEntry {
  /**
   * Type that the weights are stored as when these parameters ask for fewer bits, e.g. `uint8`: the answers may then
   * differ from the network's. Null, as without this function: they are the network's.
   */
  quantised?(params: unknown): string | null
  /** Writes the model's files into `dir`; every byte is determined by the weights. */
  write(request: ExportRequest): Promise<void>
  /** Loads what `write` wrote, for checking: x [B, …inputShape] → logits [B, classes]. */
  load(request: { tf: Tf; dir: string }): Promise<{ predict(x: Tensor): Tensor; dispose(): void }>
}
