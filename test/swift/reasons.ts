/** Why a test of Swift's own suites fails here, by a part of its id: each is a decision, not a defect. */
export const reasons: Readonly<Record<string, string>> = {};
