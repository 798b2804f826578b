// Why a camera does not start, as a key of the words of the live part.

const REASONS = {
  NotAllowedError: "denied", SecurityError: "denied",
  NotFoundError: "missing", OverconstrainedError: "missing",
  NotReadableError: "busy", AbortError: "busy",
};

function reasonOf(error) {
  if (!navigator.mediaDevices?.getUserMedia) return "insecure";
  return REASONS[error?.name];
}
