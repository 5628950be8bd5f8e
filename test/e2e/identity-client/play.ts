/** Runs lines with a client in sequence, and stores the values they keep. */
import type { Client } from './client.ts';
import { asField, type Heard, type More, type Step } from './step.ts';

export type Kept = Map<string, string>;
export type ClientName = 'pip' | 'debian';

export interface Stage {
  readonly client: Client;
  readonly name: ClientName;
  readonly kept: Kept;
  /** Called with each answer. */
  readonly look?: (step: Step, heard: Heard) => void;
}

/** The deviations, one line each; later lines run all the same. */
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

/** Replaces known names only: JSON has braces too. */
const filled = (words: string, kept: Kept): string =>
  words.replace(/\{(\w+)\}/g, (whole, name: string) => kept.get(name) ?? whole);

/** The longest command that is a prefix of the line. */
export const commandOf = ({ line }: Step, commands: readonly string[]): string | undefined =>
  commands.filter((name) => `${line} `.startsWith(`${name} `)).toSorted((a, b) => b.length - a.length)[0];
