// Values that the chart must refuse, each with what the refusal has to say: a mistake should show at the desk, not as a
// cluster that waits for something. They are added to the example `small`.

/** @type {readonly {mistake: string, set: readonly string[], says: RegExp}[]} */
export const REFUSALS = [
  { mistake: 'a misspelt setting of the API', set: ['api.settings.LEASE_SECOND=5'], says: /LEASE_SECOND/ },
  { mistake: 'a misspelt field of a pool', set: ['pools[0].name=cpu', 'pools[0].gpu=1'], says: /'gpu'/ },
  { mistake: 'a pool without a name', set: ['pools[0].gpus=1'], says: /name/ },
  { mistake: 'no Secret for the API', set: ['api.existingSecret='], says: /api\.existingSecret names the Secret/ },
  { mistake: 'no Secret for the workers', set: ['workers.existingSecret='], says: /workers\.existingSecret names/ },
  { mistake: 'no artifact store', set: ['artifacts.url='], says: /artifacts\.url/ },
  {
    mistake: 'a folder as store, but no shared volume',
    set: ['artifacts.url=file:///data/artifacts'],
    says: /existingClaim/,
  },
  {
    mistake: 'autoscaling without a way to count jobs',
    set: ['autoscaling.enabled=true'],
    says: /autoscaling\.existingSecret/,
  },
  {
    mistake: 'a network policy that says nothing of the database',
    set: ['networkPolicy.enabled=true'],
    says: /networkPolicy/,
  },
  {
    mistake: 'a label that workers would refuse',
    set: ['pools[0].name=cpu', 'pools[0].labels.zone=a b'],
    says: /zone/,
  },
  {
    mistake: 'a second meaning of the label pool',
    set: ['pools[0].name=cpu', 'pools[0].labels.pool=x'],
    says: /labels/,
  },
]
