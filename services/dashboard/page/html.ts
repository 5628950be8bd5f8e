/** Templates: `html` makes the elements of preact, which writes every text as text. */
import htm from 'htm';
import { type ComponentChild, h, type VNode } from 'preact';

export type { ComponentChild };

type Html = (strings: TemplateStringsArray, ...values: unknown[]) => VNode;

// htm describes itself as a CommonJS module, and is none in a browser
export const html = (htm as unknown as { bind(make: typeof h): Html }).bind(h);
