// What a life says of itself when it joins.

/**
 * @param {object} settings of the tab @param {object} about what the worker measured
 * @param {number} number of the slot @param {number} pace
 */
export function helloOf(settings, { speed, numeric_class, versions }, number, pace) {
  return {
    name: number ? `${settings.name}-${number + 1}` : settings.name,
    speed: Math.max(speed * pace, 1e-3),
    memory_bytes: Math.floor(settings.memoryBytes / settings.cores),
    cores: 1,
    ...settings.line,
    numeric_class,
    versions: { ...versions, browser: navigator.userAgent.slice(0, 200) },
  };
}
