// Thrown through host code of a method when the signal came in the middle of it; the last checkpoint stands.

export class TrainingStopped extends Error {
  constructor() {
    super('The training was told to stop.')
    this.name = 'TrainingStopped'
  }
}
