"""The values that all sides share: mail, envelope, questions and answers, notices, problems, plans, reasons."""
