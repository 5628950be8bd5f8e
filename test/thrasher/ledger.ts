/**
 * What the cloud has acknowledged. A request that failed, or was not answered, may have been done or not: then both results
 * are right, until the next acknowledged one.
 */
export class Ledger<Value> {
  readonly #acknowledged = new Map<string, Value>();
  readonly #possible = new Map<string, Set<Value>>();

  acknowledge(key: string, value: Value): void {
    this.#acknowledged.set(key, value);
    this.#possible.delete(key);
  }

  mayBe(key: string, value: Value): void {
    const some = this.#possible.get(key) ?? new Set();
    this.#possible.set(key, some.add(value));
  }

  /** `initial` is the value of what was never written. */
  allows(key: string, value: Value, initial: Value): boolean {
    return this.expected(key, initial).includes(value);
  }

  expected(key: string, initial: Value): readonly Value[] {
    return [this.#acknowledged.get(key) ?? initial, ...(this.#possible.get(key) ?? [])];
  }

  keys(): readonly string[] {
    return [...new Set([...this.#acknowledged.keys(), ...this.#possible.keys()])];
  }
}
