/** What tgtd says it serves, read from its own listing. */

export interface Session {
  readonly sid: number;
  readonly initiator: string;
  readonly connections: readonly number[];
}

export interface Target {
  readonly tid: number;
  readonly name: string;
  readonly luns: readonly number[];
  /** In the order in which they were bound. */
  readonly accounts: readonly string[];
  readonly initiators: readonly string[];
  readonly sessions: readonly Session[];
}

/** Reads the answer to `show target -1`. */
export const readTargets = (listing: string): Target[] =>
  listing
    .split(/^(?=Target \d+: )/m)
    .filter((part) => part.startsWith('Target '))
    .map(readTarget);

function readTarget(part: string): Target {
  const [, tid = '', name = ''] = part.match(/^Target (\d+): (.*)$/m) ?? [];
  const sections = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of part.split('\n').slice(1)) {
    const title = line.match(/^ {4}(\S.*):$/)?.[1];
    if (title !== undefined) {
      lines = [];
      sections.set(title, lines);
    } else if (line.trim() !== '') lines.push(line.trim());
  }
  const section = (title: string) => sections.get(title) ?? [];
  return {
    tid: Number(tid),
    name,
    luns: numbers(section('LUN information'), /^LUN: (\d+)$/),
    accounts: section('Account information'),
    initiators: section('ACL information'),
    sessions: readSessions(section('I_T nexus information')),
  };
}

const readSessions = (lines: readonly string[]): Session[] =>
  lines
    .join('\n')
    .split(/^(?=I_T nexus: )/m)
    .filter((part) => part.startsWith('I_T nexus: '))
    .map((part) => ({
      sid: Number(part.match(/^I_T nexus: (\d+)$/m)?.[1]),
      initiator: part.match(/^Initiator: (\S+)/m)?.[1] ?? '',
      connections: numbers(part.split('\n'), /^Connection: (\d+)$/),
    }));

const numbers = (lines: readonly string[], pattern: RegExp) =>
  lines
    .map((line) => line.match(pattern)?.[1])
    .filter((found) => found !== undefined)
    .map(Number);
