import type { Knex } from 'knex';

/** The verdict of one filter on one host. */
export interface Verdict {
  readonly filter: string;
  readonly passed: boolean;
  /** The reason with its numbers: "8192 MB of memory asked, 1024 free of 4096". */
  readonly says: string;
}

/** A decision of the scheduler, with the verdicts and weights of all hosts. */
export interface Explanation {
  readonly asked: Readonly<Record<string, number>>;
  readonly candidates: readonly {
    readonly host: string;
    readonly verdicts: readonly Verdict[];
    /** By weigher; empty for a host that a filter rejected. */
    readonly weights: Readonly<Record<string, number>>;
    readonly weight: number | null;
  }[];
  /** Best first. */
  readonly ranked: readonly string[];
  readonly chosen: string | null;
}

export const insertSchedulingDecision = async (tx: Knex, serverId: string, explanation: Explanation): Promise<void> => {
  await tx('choices').insert({ serverId, at: Date.now(), explanation: JSON.stringify(explanation) });
};

/** Newest first. */
export async function listSchedulingDecisions(
  db: Knex,
  serverId: string,
): Promise<{ at: number; explanation: Explanation }[]> {
  const rows = (await db('choices').where({ serverId }).orderBy('sequence', 'desc')) as {
    at: number;
    explanation: string;
  }[];
  return rows.map(({ at, explanation }) => ({ at: Number(at), explanation: JSON.parse(explanation) as Explanation }));
}
