export const root: string;
export const cache: string;
export const clientBin: string;
export const compileCache: string;
export const isClone: boolean;
export const isStripped: boolean;
