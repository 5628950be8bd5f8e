/** Why a host was chosen, or none: in words, with every number. For an administrator, who may know hosts. */
import type { Explanation } from './store.ts';

type Candidate = Explanation['candidates'][number];

/** Best first, the refused ones last. */
export function choiceInWords({ candidates, ranked, chosen }: Explanation): string {
  const head = chosen === null ? 'No host was chosen' : `Host ${chosen} was chosen`;
  const place = ({ host }: Candidate) => (ranked.includes(host) ? ranked.indexOf(host) : ranked.length);
  const told = candidates.toSorted((a, b) => place(a) - place(b)).map(candidateInWords);
  return [`${head} of ${candidates.length}.`, ...told].join(' ');
}

function candidateInWords({ host, verdicts, weights, weight }: Candidate): string {
  if (weight === null)
    return `${host}: refused, ${verdicts.flatMap(({ passed, says }) => (passed ? [] : [says])).join('; ')}.`;
  const each = Object.entries(weights).map(([weigher, value]) => `${weigher} ${value}`);
  return `${host}: ${weight} (${each.join(', ')}).`;
}
