/**
 * Regular expressions of users, matched in time linear in the text, by an automaton instead of backtracking. Its states are
 * built on demand and cached; the cache is cleared when it grows large, so memory is bounded too.
 */
import { type Node, type Ranges, RegexError, readRegex } from './regex-syntax.ts';

export { RegexError } from './regex-syntax.ts';

export interface LinearRegex {
  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean;
}

interface Options {
  readonly ignoreCase?: boolean;
  /** The maximum length of the pattern in steps, with its repeats expanded; 1000 by default. */
  readonly maxSteps?: number;
}

/** Throws RegexError naming what is malformed, not supported or too long. */
export function linearRegex(pattern: string, { ignoreCase = false, maxSteps = 1000 }: Options = {}): LinearRegex {
  const { tree, conditions } = readRegex(pattern, ignoreCase);
  const whole = automatonOf(tree, maxSteps);
  const others = conditions.map((each) => ({ match: automatonOf(each.tree, maxSteps), wanted: each.wanted }));
  return { test: (text) => whole(text) && others.every(({ match, wanted }) => match(text) === wanted) };
}

type Step =
  | { readonly type: 'set'; readonly classes: readonly boolean[]; readonly next: number }
  | { readonly type: 'fork'; readonly next: number; readonly other: number }
  | { readonly type: 'start' | 'end'; readonly next: number }
  | { readonly type: 'match' };

interface State {
  readonly steps: readonly number[];
  readonly isMatch: boolean;
  /** Whether it matches when the text ends here. */
  readonly isMatchAtEnd: boolean;
  /** By class of the next character. */
  readonly next: (State | undefined)[];
}

const mostStates = 256;

function automatonOf(tree: Node, maxSteps: number): (text: string) => boolean {
  const alphabet = alphabetOf(tree);
  const program = compile(tree, alphabet, maxSteps);
  const known = new Map<string, State>();
  const begin: State = {
    steps: closure(program, [program.entry], ['start']),
    isMatch: reaches(program, [program.entry], ['start']),
    isMatchAtEnd: reaches(program, [program.entry], ['start', 'end']),
    next: [],
  };
  const stateOf = (steps: readonly number[]): State => {
    const key = steps.join();
    const before = known.get(key);
    if (before) return before;
    if (known.size >= mostStates) {
      known.clear();
      begin.next.length = 0; // what only the dropped states lead to is freed with them
    }
    const [isMatch, isMatchAtEnd] = [reaches(program, steps, []), reaches(program, steps, ['end'])];
    const state = { steps, isMatch, isMatchAtEnd, next: [] };
    known.set(key, state);
    return state;
  };
  /** A match may begin at each character, so the entry is among the steps every time. */
  const advance = (state: State, kind: number): State => {
    const taken = state.steps.flatMap((at) => stepOver(program.steps[at] as Step, kind));
    const next = stateOf(closure(program, [...taken, program.entry], []));
    state.next[kind] = next;
    return next;
  };
  return (text) => {
    let state = begin;
    for (let at = 0; at < text.length && !state.isMatch; at += 1) {
      const point = text.codePointAt(at) as number;
      if (point > 0xffff) at += 1;
      const kind = alphabet.classOf(point);
      state = state.next[kind] ?? advance(state, kind);
    }
    return state.isMatch || state.isMatchAtEnd;
  };
}

const stepOver = (step: Step, kind: number): number[] => (step.type === 'set' && step.classes[kind] ? [step.next] : []);

type Place = 'start' | 'end';

/** All steps that are reached without a character and wait for one, in order. `places`: where in the text this is. */
function closure({ steps }: Program, from: readonly number[], places: readonly Place[]): number[] {
  const seen = new Set<number>();
  const open = [...from];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    const step = steps[at] as Step;
    if (step.type === 'fork') open.push(step.next, step.other);
    if ((step.type === 'start' || step.type === 'end') && places.includes(step.type)) open.push(step.next);
  }
  return [...seen].filter((at) => !['fork', 'start'].includes((steps[at] as Step).type)).sort((a, b) => a - b);
}

const reaches = (program: Program, from: readonly number[], places: readonly Place[]): boolean =>
  closure(program, from, places).some((at) => program.steps[at]?.type === 'match');

interface Alphabet {
  classOf(point: number): number;
  /** Which classes these ranges hold. */
  classesOf(ranges: Ranges): readonly boolean[];
}

/** Characters that no set of the pattern tells apart are one class. */
function alphabetOf(tree: Node): Alphabet {
  const bounds = [...new Set([0, ...boundsOf(tree)])].sort((a, b) => a - b);
  const search = (point: number): number => {
    let [low, high] = [0, bounds.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((bounds[middle] as number) <= point) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  const ascii = Array.from({ length: 128 }, (_, point) => search(point));
  return {
    classOf: (point) => ascii[point] ?? search(point),
    classesOf: (ranges) => bounds.map((bound) => ranges.some(([low, high]) => low <= bound && bound <= high)),
  };
}

function boundsOf(node: Node): number[] {
  if (node.type === 'set') return node.ranges.flatMap(([low, high]) => [low, high + 1]);
  if (node.type === 'repeat') return boundsOf(node.part);
  return 'parts' in node ? node.parts.flatMap(boundsOf) : [];
}

interface Program {
  readonly steps: readonly Step[];
  readonly entry: number;
}

/** Thompson's construction, from the end to the beginning: each node is given the step that follows it. */
function compile(tree: Node, alphabet: Alphabet, maxSteps: number): Program {
  const steps: Step[] = [];
  let work = 0;
  const add = (step: Step): number => steps.push(step) - 1;
  const build = (node: Node, next: number): number => {
    work += 1; // repeats of nothing cost work and no steps
    if (steps.length > maxSteps || work > 4 * maxSteps) throw new RegexError(`it is longer than ${maxSteps} steps`);
    if (node.type === 'empty') return next;
    if (node.type === 'set') return add({ type: 'set', classes: alphabet.classesOf(node.ranges), next });
    if (node.type === 'sequence') return node.parts.reduceRight((after, part) => build(part, after), next);
    if (node.type === 'choice') return node.parts.map((part) => build(part, next)).reduce(fork);
    if (node.type === 'repeat') return repeat(node.part, node.min, node.max, next);
    return add({ type: node.type, next });
  };
  const fork = (next: number, other: number): number => add({ type: 'fork', next, other });
  const repeat = (part: Node, min: number, max: number, next: number): number => {
    let first = max === Number.POSITIVE_INFINITY ? loop(part, next) : next;
    for (let time = min; time < max && max !== Number.POSITIVE_INFINITY; time += 1)
      first = fork(build(part, first), next);
    for (let time = 0; time < min; time += 1) first = build(part, first);
    return first;
  };
  const loop = (part: Node, next: number): number => {
    const again = fork(next, next);
    steps[again] = { type: 'fork', next: build(part, again), other: next };
    return again;
  };
  const entry = build(tree, add({ type: 'match' }));
  return { steps, entry };
}
