/** Describes a scheduling decision in text, with every number. For administrators, since it names hosts. */
import type { Explanation } from './store.ts';

type Candidate = Explanation['candidates'][number];

/** Best host first, rejected hosts last. */
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
