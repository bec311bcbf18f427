// How a stop leaves the depths of a job. Never seen outside it.

export class JobStopped extends Error {
  constructor() {
    super('The job was asked to stop.')
    this.name = 'JobStopped'
  }
}
