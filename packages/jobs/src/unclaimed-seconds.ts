// How long content may lie in the store before a row names it: no upload takes longer. What is unclaimed by then was
// left by somebody who died, and is cleaned away.

export const UNCLAIMED_SECONDS = 24 * 60 * 60
