/** Why a host was chosen, or none: in words, with every number. For an administrator, who may know hosts. */
import type { Explanation } from './store.ts';

type Candidate = Explanation['candidates'][number];

/** Best first, the refused ones last. */
export function describeDecision({ candidates, ranked, chosen }: Explanation): string {
  const head = chosen === null ? 'No host was chosen' : `Host ${chosen} was chosen`;
  const rankOf = ({ host }: Candidate) => (ranked.includes(host) ? ranked.indexOf(host) : ranked.length);
  const described = candidates.toSorted((a, b) => rankOf(a) - rankOf(b)).map(describeCandidate);
  return [`${head} of ${candidates.length}.`, ...described].join(' ');
}

function describeCandidate({ host, verdicts, weights, weight }: Candidate): string {
  if (weight === null)
    return `${host}: refused, ${verdicts.flatMap(({ passed, says }) => (passed ? [] : [says])).join('; ')}.`;
  const each = Object.entries(weights).map(([weigher, value]) => `${weigher} ${value}`);
  return `${host}: ${weight} (${each.join(', ')}).`;
}
