/** Plays lines to a client, one after the other, and remembers what they keep. */
import type { Client } from './client.ts';
import { asField, type Heard, type More, type Step } from './step.ts';

export type Kept = Map<string, string>;
export type ClientName = 'pip' | 'debian';

export interface Stage {
  readonly client: Client;
  readonly name: ClientName;
  readonly kept: Kept;
  /** Who wants to see each answer. */
  readonly look?: (step: Step, heard: Heard) => void;
}

/** What went otherwise than written, a line each; later lines are tried all the same. */
export async function play(stage: Stage, steps: readonly Step[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const step of steps.filter(({ more }) => more.only === undefined || more.only === stage.name)) {
    try {
      await perform(stage, step);
    } catch (error) {
      wrong.push(`${step.line}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return wrong;
}

async function perform({ client, kept, look }: Stage, step: Step): Promise<void> {
  const { line, json, more } = step;
  const fill = (words: string) => filled(words, kept);
  const words = line.split(' ').map(fill);
  const heard = await client.ask(['--os-cloud', more.as ?? 'admin', ...words, ...(json ? ['-f', 'json'] : [])]);
  look?.(step, heard);
  const thing = step.check(heard, fill);
  for (const [as, field] of Object.entries(keptFields(more))) kept.set(as, fieldOf(thing, field));
}

const keptFields = ({ keep = {} }: More) => (typeof keep === 'string' ? { [keep]: 'id' } : keep);

function fieldOf(thing: unknown, field: string): string {
  const found = Object.entries(thing ?? {}).find(([key]) => asField(key) === field);
  if (!found) throw new Error(`no ${field} to keep in ${JSON.stringify(thing)}`);
  return String(found[1]);
}

/** Only names that are kept: JSON has braces too. */
const filled = (words: string, kept: Kept): string =>
  words.replace(/\{(\w+)\}/g, (whole, name: string) => kept.get(name) ?? whole);

/** The longest command that the line begins with. */
export const commandOf = ({ line }: Step, commands: readonly string[]): string | undefined =>
  commands.filter((name) => `${line} `.startsWith(`${name} `)).toSorted((a, b) => b.length - a.length)[0];
